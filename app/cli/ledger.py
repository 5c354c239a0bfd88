"""`ledger`: what the ledger holds, and whether it balances."""

import asyncio
import dataclasses
import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.opened import opened_at_head
from app.cli.verify import verify
from app.ledger.census import Census, take_census
from app.settings import load

command = typer.Typer(invoke_without_command=True)


@command.callback()
def ledger(
    context: typer.Context, as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False
) -> None:
    """Count what the ledger holds. Exits 1 when it does not balance: when a contribution is owed and neither there nor
    pruned, or there and not owed.
    """
    if context.invoked_subcommand:
        return
    database = load().database()

    async def run() -> Census:
        async with opened_at_head(database) as engine:
            return await take_census(engine)

    census = asyncio.run(run())
    if as_json:
        print(
            json.dumps(
                dataclasses.asdict(census) | {"unexplained": census.unexplained, "balances": census.balances}, indent=2
            )
        )
    else:
        Console().print(_table(census))
    if not census.balances:
        raise typer.Exit(1)


command.command()(verify)


def _table(census: Census) -> Table:
    table = Table("what", "count", title="Ledger", title_justify="left")
    table.columns[1].justify = "right"
    table.add_row("events accepted", str(census.accepted))
    for reason, count in census.ignored.items():
        table.add_row(f"events ignored: {reason}", str(count))
    table.add_section()
    table.add_row("contributions owed", str(census.owed))
    for status, count in census.by_status.items():
        table.add_row(f"  {status}", str(count))
    table.add_section()
    table.add_row("events pruned", str(census.pruned.accepted + census.pruned.ignored))
    table.add_row("contributions pruned", str(sum(census.pruned.by_status.values())))
    for status, count in census.pruned.by_status.items():
        table.add_row(f"  {status}", str(count))
    table.add_row("  of which their events too", str(census.pruned.owed))
    table.add_section()
    table.add_row("owed, missing and not pruned", str(census.unexplained))
    table.add_row("there and not owed", str(census.stray))
    table.add_row("balances", "yes" if census.balances else "NO")
    return table
