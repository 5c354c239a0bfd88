"""Opens the ledger's database: the one that is configured, or else the embedded one, migrated by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.embedded import EmbeddedServer, embedded_postgres
from app.ledger.engine import create_engine, shown_url
from app.ledger.schema import migrate


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """Where the ledger lives. Without a `url` it is embedded, under `data_folder`."""

    url: str | None
    data_folder: Path
    pool_size: int
    timeout: timedelta
    prepared_statements: bool

    @property
    def name(self) -> str:
        """Which it is, in words, without its password."""
        return shown_url(self.url) if self.url else f"embedded, in {self.data_folder}"


def require(database: Database) -> None:
    """Raise EmbeddedUnavailableError where the embedded database is wanted and not installed."""
    if database.url is None:
        EmbeddedServer(database.data_folder)


@asynccontextmanager
async def open_database(database: Database, *, bounded: bool = True) -> AsyncIterator[AsyncEngine]:
    """An engine, closed with the context; its statements are `bounded` by the database's timeout, unless they read
    or change all of it. A configured database need not be reachable yet. Raises EmbeddedUnavailableError.
    """
    async with AsyncExitStack() as stack:
        if database.url is None:
            embedded = embedded_postgres(database.data_folder)
            url = await asyncio.to_thread(embedded.__enter__)
            stack.push_async_callback(asyncio.to_thread, embedded.__exit__, None, None, None)
        else:
            url = database.url
        engine = create_engine(
            url,
            pool_size=database.pool_size,
            timeout=database.timeout,
            bounded=bounded,
            prepared_statements=database.prepared_statements,
        )
        stack.push_async_callback(engine.dispose)
        if database.url is None:
            await migrate(engine)
        yield engine
