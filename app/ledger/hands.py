"""Hands on the ledger: a person has contributions sent again or discarded, and each change is signed.

Works in batches, waits for no lock and holds none for long, so dispatchers and other people may work at the same time.
"""

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Executable,
    Float,
    Text,
    Uuid,
    bindparam,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.intervention import DISCARDED_FROM, REPLAYED_FROM, Action, Discard, Replay, Signature
from app.domain.settlement import Status
from app.ledger.engine import unavailable
from app.ledger.listing import Listing, listing
from app.ledger.selection import Selection
from app.ledger.tables import contributions, interventions

BATCH = 1000  # rows a commit: locked for a fraction of a second
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """A selection as it stood at `taken_at`, by status: what the action would change, what it would not because that
    may be at the Gateway, and what it never changes.
    """

    taken_at: datetime
    eligible: Counter[Status]
    doubtful: Counter[Status]
    others: Counter[Status]


async def survey(engine: AsyncEngine, selection: Selection, action: Action) -> Survey:
    """Count what an action would do, without doing it. Raises LedgerUnavailableError."""
    doubtful = _DOUBTFUL.label("doubtful")
    tally = select(_c.status, doubtful, func.count().label("contributions")).where(*selection.conditions())
    with unavailable():
        async with engine.begin() as connection:
            taken_at = (await connection.execute(select(func.now()))).scalar_one()
            rows = (await connection.execute(tally.group_by(_c.status, doubtful))).all()
    eligible, doubted, others = Counter[Status](), Counter[Status](), Counter[Status]()
    for row in rows:
        status = Status(row.status)
        if status not in _from(action):
            others[status] += row.contributions
        elif row.doubtful and isinstance(action, Replay) and not action.doubtful:
            doubted[status] += row.contributions
        else:
            eligible[status] += row.contributions
    return Survey(taken_at=taken_at, eligible=eligible, doubtful=doubted, others=others)


async def preview(
    engine: AsyncEngine, selection: Selection, action: Action, *, taken_at: datetime, limit: int
) -> Listing:
    """The first few that an action would change. Raises LedgerUnavailableError."""
    with unavailable():
        async with engine.begin() as connection:
            where = [*selection.conditions(), *_eligible(action, taken_at)]
            return await listing(connection, where, limit=limit)


async def intervene(
    engine: AsyncEngine, selection: Selection, action: Action, signature: Signature, *, taken_at: datetime
) -> AsyncIterator[Counter[Status]]:
    """Change what is eligible since `taken_at`, oldest events first; gives what each batch, once it is committed, has
    changed, by the status that it had. What others hold locked is passed by. Raises LedgerUnavailableError, after
    which it can be run again.
    """
    statement = _change(selection, action, taken_at)
    after, done = _FIRST, 0
    while True:
        with unavailable():
            async with engine.begin() as connection:
                parameters = {"after": after, "done": done, "actor": signature.actor, "reason": signature.reason}
                rows = (await connection.execute(statement, parameters)).all()
        if rows:
            yield Counter(Status(row.status) for row in rows)
        if len(rows) < BATCH:
            return
        after, done = max(row.id for row in rows), done + len(rows)


def _from(action: Action) -> frozenset[Status]:
    match action:
        case Replay(discarded=discarded):
            return REPLAYED_FROM if discarded else REPLAYED_FROM - {Status.DISCARDED}
        case Discard():
            return DISCARDED_FROM


def _eligible(action: Action, taken_at: datetime) -> list[ColumnElement[bool]]:
    """What came to its status after the survey is not what the person saw: it may have been replayed, and declined
    again, meanwhile.
    """
    conditions = [
        _c.status.in_([status.value for status in sorted(_from(action))]),
        func.coalesce(_c.settled_at, _c.recorded_at) <= taken_at,
    ]
    if isinstance(action, Replay) and not action.doubtful:
        conditions.append(~_DOUBTFUL)
    return conditions


def _change(selection: Selection, action: Action, taken_at: datetime) -> Executable:
    """One statement, so one commit: a batch of changes, and who made them. What is overwritten is read under the lock
    that the change is made with.
    """
    chosen = (
        select(_c.id, _c.status, _c.gateway_status, _c.gateway_response, _c.settled_at)
        .where(*selection.conditions(), *_eligible(action, taken_at), _c.id > bindparam("after", type_=Uuid))
        .order_by(_c.id)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("chosen")
        .prefix_with("MATERIALIZED")
    )
    place = (func.row_number().over(order_by=chosen.c.id) - 1 + bindparam("done")).label("place")
    placed = select(chosen, place).cte("placed")
    changed = (
        update(contributions)
        .where(_c.id == placed.c.id)
        .values(_changes(action, taken_at, placed.c.place))
        .returning(placed.c.id, *(placed.c[name] for name in _OVERWRITTEN))
        .cte("changed")
    )
    signed = insert(interventions).from_select(
        ["action", "actor", "reason", "contribution_id", *_OVERWRITTEN],
        select(
            literal(_NAMES[type(action)], Text),
            bindparam("actor", type_=Text),
            bindparam("reason", type_=Text),
            changed.c.id,
            *(changed.c[name] for name in _OVERWRITTEN),
        ),
    )
    return select(changed.c.id, changed.c.status).add_cte(signed.cte("signed"))


def _changes(action: Action, taken_at: datetime, place: ColumnElement[Any]) -> dict[str, Any]:
    match action:
        case Replay(spacing=spacing, absent=absent):
            due = func.now() if spacing == timedelta() else literal(taken_at) + _seconds(place, spacing)
            return {
                "status": Status.PENDING,
                "attempt": 0,
                "settled_at": None,
                "next_attempt_at": due,
                "replayed_at": due,
                "doubtful": false() if absent else _DOUBTFUL,
            }
        case Discard():
            return {"status": Status.DISCARDED, "settled_at": func.now(), "doubtful": _DOUBTFUL}


def _seconds(place: ColumnElement[Any], spacing: timedelta) -> ColumnElement[Any]:
    return func.make_interval(0, 0, 0, 0, 0, 0, place * literal(spacing.total_seconds(), Float))


_c = contributions.c
# What is unknown is, also where a version wrote it that does not know of doubt.
_DOUBTFUL = or_(_c.doubtful, _c.status == Status.UNKNOWN.value)
_OVERWRITTEN = ("status", "gateway_status", "gateway_response", "settled_at")
_NAMES: dict[type[Action], str] = {Replay: "replay", Discard: "discard"}
