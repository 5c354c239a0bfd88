"""A snapshot: one moment of the ledger, for reads that have to agree with each other."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.ledger.engine import unavailable


@asynccontextmanager
async def snapshot(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees one moment: that of its first statement. Raises LedgerUnavailableError."""
    async with AsyncExitStack() as stack:
        with unavailable():
            connection = await stack.enter_async_context(engine.connect())
            await connection.execution_options(isolation_level="REPEATABLE READ")
            await stack.enter_async_context(connection.begin())
        yield connection
