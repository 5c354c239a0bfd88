"""Carries out what a person decided about contributions, and says what was done and what was left."""

import asyncio
import sys
from collections import Counter
from typing import NoReturn

import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.opened import opened_at_head
from app.cli.showing import by_status, print_list
from app.domain.intervention import Action, Discard, Replay, Signature
from app.domain.settlement import Status
from app.ledger import hands
from app.ledger.database import Database
from app.ledger.hands import Survey
from app.ledger.selection import Selection

FEW = 5  # contributions that a dry run shows
MAYBE_THERE = (
    "some of these may be at the Gateway, and a player would be charged twice: compare with the Gateway's account, "
    "and replay with --not-at-gateway what it does not have"
)
_DONE: dict[type[Action], tuple[str, str]] = {
    Replay: ("replayed", "would replay"),
    Discard: ("discarded", "would discard"),
}


def refuse(why: str) -> NoReturn:
    """Do nothing, say why in one line, and exit 2."""
    print(f"contributions: {why}", file=sys.stderr)
    raise typer.Exit(2)


def intervene(database: Database, selection: Selection, action: Action, signature: Signature, *, dry_run: bool) -> None:
    """Do it, or say what would be done. Exits 1 when anything named by its id, or anything that others were changing,
    was left as it is.
    """
    if selection.is_everything:
        refuse("name contributions by their ids, or select them: --status, --feed, --brand, --event, --since …")

    async def run() -> bool:
        async with opened_at_head(database) as engine:
            found = await hands.survey(engine, selection, action)
            if selection.ids and found.doubtful:
                refuse(MAYBE_THERE)
            done, to_do = _DONE[type(action)]
            if dry_run:
                few = await hands.preview(engine, selection, action, taken_at=found.taken_at, limit=FEW)
                _report(to_do, found.eligible, found, selection)
                print_list(few)
                return True
            changed = Counter[Status]()
            try:
                await _change(engine, selection, action, signature, found, changed)
            finally:  # whoever interrupts it learns how far it came
                _report(done, changed, found, selection)
            return not (found.eligible - changed or (selection.ids and _left(found, selection)))

    if not asyncio.run(run()):
        raise typer.Exit(1)


async def _change(
    engine: AsyncEngine,
    selection: Selection,
    action: Action,
    signature: Signature,
    found: Survey,
    changed: Counter[Status],
) -> None:
    async for batch in hands.intervene(engine, selection, action, signature, taken_at=found.taken_at):
        changed += batch


def _report(verb: str, changed: Counter[Status], found: Survey, selection: Selection) -> None:
    print(f"{verb} {changed.total()}" + (f": {by_status(changed)}" if changed else ""))
    if found.others:
        print(f"left as they are: {by_status(found.others)}")
    if found.doubtful:
        print(f"left, since they may be at the Gateway: {by_status(found.doubtful)}")
    if missing := _missing(found, selection):
        print(f"not found: {missing}")
    if busy := (found.eligible - changed).total():
        print(f"left, since they were being changed meanwhile: {busy}; run it again")


def _left(found: Survey, selection: Selection) -> int:
    return found.others.total() + found.doubtful.total() + _missing(found, selection)


def _missing(found: Survey, selection: Selection) -> int:
    return max(0, len(set(selection.ids)) - (found.eligible + found.others + found.doubtful).total())
