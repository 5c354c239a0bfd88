"""Runs the migrations: one at a time, and never waiting long for a lock that traffic holds."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from app.ledger.database import open_database
from app.ledger.tables import metadata
from app.settings import load

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "10min"
ONE_AT_A_TIME = 7_235_410_944  # an arbitrary number: the key of the lock that two migrating processes meet at


def run(connection: Connection) -> None:
    """Run them in one transaction, with bounds that end with it."""
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        connection.execute(text(f"set local lock_timeout = '{LOCK_TIMEOUT}'"))
        connection.execute(text(f"set local statement_timeout = '{STATEMENT_TIMEOUT}'"))
        connection.execute(text(f"select pg_advisory_xact_lock({ONE_AT_A_TIME})"))
        context.run_migrations()


async def run_by_settings() -> None:
    """Connect as the configuration says: for Alembic's own command."""
    settings = load()
    async with open_database(settings.database(), bounded=False) as engine, engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        await connection.run_sync(run)


if context.is_offline_mode():
    raise SystemExit("alembic --sql is not supported: the service migrates a database that it can reach")
if (given := context.config.attributes.get("connection")) is not None:
    run(given)
else:
    asyncio.run(run_by_settings())
