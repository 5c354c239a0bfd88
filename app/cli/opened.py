"""The ledger, opened for a command that works with it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.database import Database, open_database
from app.ledger.engine import LedgerUnavailableError
from app.ledger.health import ledger_state
from app.ledger.schema import UnknownSchemaError, head


@asynccontextmanager
async def opened(database: Database) -> AsyncIterator[AsyncEngine]:
    """The database, named in what goes wrong with it. Raises LedgerUnavailableError and EmbeddedUnavailableError."""
    try:
        async with open_database(database, bounded=False) as engine:
            yield engine
    except LedgerUnavailableError as error:
        raise LedgerUnavailableError(f"{error} ({database.name})") from None


@asynccontextmanager
async def opened_at_head(database: Database) -> AsyncIterator[AsyncEngine]:
    """As `opened`; raises UnknownSchemaError where the schema is not this version's."""
    async with opened(database) as engine:
        state = await ledger_state(engine, head=head())
        if state.schema in {"missing", "not_at_head"}:
            raise UnknownSchemaError(f"the schema is {state.schema}: run event-processor migrate ({database.name})")
        yield engine
