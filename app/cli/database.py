"""`migrate` and `ledger`: the database, from the command line."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.census import Census, take_census
from app.ledger.database import Database, open_database
from app.ledger.engine import LedgerUnavailableError
from app.ledger.health import ledger_state
from app.ledger.schema import UnknownSchemaError, head
from app.ledger.schema import migrate as migrate_schema
from app.settings import load


def migrate() -> None:
    """Bring the database's schema to this version's. Safe to run again, and from several places at once."""
    database = load().database()

    async def run() -> None:
        async with _opened(database) as engine:
            await migrate_schema(engine)

    asyncio.run(run())
    print(f"the schema is at revision {head()} ({database.name})")


def ledger(as_json: Annotated[bool, typer.Option("--json", help="As JSON, for scripts.")] = False) -> None:
    """Count what the ledger holds. Exits 1 when it does not balance: when a contribution is owed and not there, or
    there and not owed.
    """
    database = load().database()

    async def run() -> Census:
        async with _opened(database) as engine:
            state = await ledger_state(engine, head=head())
            if state.schema in {"missing", "not_at_head"}:
                raise UnknownSchemaError(f"the schema is {state.schema}: run event-processor migrate ({database.name})")
            return await take_census(engine)

    census = asyncio.run(run())
    if as_json:
        print(json.dumps(dataclasses.asdict(census) | {"balances": census.balances}, indent=2))
    else:
        Console().print(_table(census))
    if not census.balances:
        raise typer.Exit(1)


@asynccontextmanager
async def _opened(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database, named in what goes wrong with it."""
    try:
        async with open_database(database, bounded=False) as engine:
            yield engine
    except LedgerUnavailableError as error:
        raise LedgerUnavailableError(f"{error} ({database.name})") from None


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
    table.add_row("owed and missing", str(census.missing))
    table.add_row("there and not owed", str(census.stray))
    table.add_row("balances", "yes" if census.balances else "NO")
    return table
