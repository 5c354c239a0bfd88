"""`ledger verify`: whether the ledger is right, in itself and against the Gateway's own account."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from app.cli.gateway_export import STDIN, opened_export
from app.cli.opened import opened_at_head
from app.domain.gateway_account import Export, ExportError
from app.ledger.census import Census, census_of
from app.ledger.finding import Finding, Problem
from app.ledger.reconciliation import Scope, compare
from app.ledger.snapshot import snapshot
from app.ledger.verification import offenders
from app.settings import Settings, load


@dataclass(slots=True, kw_only=True)
class Summary:
    """What a verification came to. `compared` is empty where there was nothing to compare with."""

    census: Census
    found: Counter[Problem] = field(default_factory=Counter)
    compared: dict[str, int] = field(default_factory=dict)
    amounts: bool = False  # whether these were compared, too
    offences: int = 0

    @property
    def right(self) -> bool:
        """Whether there is nothing that must not be."""
        return self.census.balances and not self.offences

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        counts = self.found | Counter(self.compared)
        return {
            "right": self.right,
            "balances": self.census.balances,
            "owed": self.census.owed + self.census.pruned.owed,
            "unexplained": self.census.unexplained,
            "amounts_compared": self.amounts,
            **{problem: counts[problem] for problem in (*Problem, *_BESIDES)},
        }


_BESIDES = ("agreed", "pruned", "older_than_retention", "outside_period")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time such as 2026-11-22 or 2026-11-22T12:00:00+01:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def verify(
    against: Annotated[
        str | None,
        typer.Option(
            metavar="FILE-OR-URL", help="The Gateway's account: CSV, or JSON as the sandbox's; - reads standard input."
        ),
    ] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=_moment, metavar="TIME", help="Compare what was recorded from then on. UTC by default."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(parser=_moment, metavar="TIME", help="Compare what was recorded before then.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="An object a line; the last one is the summary.")] = False,
) -> None:
    """Verify that the ledger is right, in itself and against the Gateway's own account, and name each contribution
    that is not. Exits 1 when there is one, 2 when the account can't be read.
    """
    if against is None and (since or until):
        raise typer.BadParameter("without --against there is nothing to compare", param_hint="--since, --until")
    settings = load()
    try:
        with ExitStack() as stack:
            export = stack.enter_context(opened_export(against)) if against else None
            summary = asyncio.run(_verified(settings, export, since=since, until=until, as_json=as_json))
    except ExportError as error:
        print(f"{'standard input' if against == STDIN else against}: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    if as_json:
        print(json.dumps({"summary": summary.as_json()}))
    else:
        Console().print(_table(summary))
    if not summary.right:
        raise typer.Exit(1)


async def _verified(
    settings: Settings, export: Export | None, *, since: datetime | None, until: datetime | None, as_json: bool
) -> Summary:
    """Print what is found as it is found, and sum it up."""
    scope = Scope(keep=settings.keep(), deduplicates=settings.gateway.deduplicates, since=since, until=until)
    async with opened_at_head(settings.database()) as engine, snapshot(engine) as connection:
        summary = Summary(census=await census_of(connection))
        async for found in _findings(connection, summary, export, scope):
            summary.found[found.problem] += 1
            summary.offences += found.is_offence
            print(json.dumps(asdict(found), default=str) if as_json else _sentence(found))
    return summary


async def _findings(
    connection: AsyncConnection, summary: Summary, export: Export | None, scope: Scope
) -> AsyncGenerator[Finding]:
    async for found in offenders(connection, summary.census, kept=scope.keep.contributions):
        yield found
    if export:
        comparison = await compare(connection, export, scope)
        summary.compared, summary.amounts = await comparison.counts(), export.amounts
        async for found in comparison.findings():
            yield found


def _sentence(found: Finding) -> str:
    parts = (found.feed, found.brand_id, found.event_id, found.source_id)
    what = " ".join(str(part) for part in (found.contribution_id, *parts) if part)
    line = f" (line {found.line})" if found.line else ""
    return f"{_words(found)}: {what}{line}"


def _words(found: Finding) -> str:
    match found.problem:
        case Problem.AT_GATEWAY:
            return f"at the Gateway, though {found.status}"
        case Problem.TWICE:
            return f"at the Gateway {found.times} times, {found.status or 'pruned'}"
        case Problem.AMOUNT_DIFFERS:
            return f"at the Gateway with {found.taken} instead of {found.asked}"
        case Problem.OPEN_AT_GATEWAY:
            return f"{found.status}, and at the Gateway"
        case Problem.OPEN_NOT_AT_GATEWAY:
            return f"{found.status}, and not at the Gateway"
        case problem:
            return _LABELS[problem]


_LABELS = {
    Problem.MISSING: "owed and missing",
    Problem.STRAY: "there and not owed",
    Problem.KEY_DIFFERS: "under another key than its event's",
    Problem.OWED_TWICE: "owed by two events",
    Problem.NOT_AT_GATEWAY: "contributed, and not at the Gateway",
    Problem.AT_GATEWAY: "at the Gateway, though not contributed",
    Problem.TWICE: "at the Gateway twice",
    Problem.AMOUNT_DIFFERS: "at the Gateway with another amount",
    Problem.UNASKED: "at the Gateway, unasked",
    Problem.OPEN_AT_GATEWAY: "open, and at the Gateway",
    Problem.OPEN_NOT_AT_GATEWAY: "open, and not at the Gateway",
    "agreed": "agreed",
    "pruned": "pruned, at the Gateway",
    "older_than_retention": "older than retention: not compared",
    "outside_period": "recorded outside the period: not compared",
}


def _table(summary: Summary) -> Table:
    table = Table("what", "count", title="Verification", title_justify="left")
    table.columns[1].justify = "right"
    census = summary.census
    table.add_row("contributions owed, ever", str(census.owed + census.pruned.owed))
    table.add_row("  there", str(sum(census.by_status.values())))
    table.add_row("  pruned", str(sum(census.pruned.by_status.values())))
    table.add_row("owed, missing and not pruned", str(census.unexplained))
    table.add_row("there and not owed", str(census.stray))
    table.add_row(_LABELS[Problem.KEY_DIFFERS], str(summary.found[Problem.KEY_DIFFERS]))
    table.add_row(_LABELS[Problem.OWED_TWICE], str(summary.found[Problem.OWED_TWICE]))
    if summary.compared:
        table.add_section()
        for what in _COMPARED:
            table.add_row(_LABELS[what], str(summary.compared.get(what, 0)))
        table.add_row("amounts compared", "yes" if summary.amounts else "no: not in the account")
    table.add_section()
    table.add_row("right", "yes" if summary.right else "NO")
    return table


_COMPARED = (*list(Problem)[list(Problem).index(Problem.NOT_AT_GATEWAY) :], *_BESIDES)
