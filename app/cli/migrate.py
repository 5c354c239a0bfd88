"""`migrate`: the database's schema, from the command line."""

import asyncio

from app.cli.opened import opened
from app.ledger.schema import head
from app.ledger.schema import migrate as migrate_schema
from app.settings import load


def migrate() -> None:
    """Bring the database's schema to this version's. Safe to run again, and from several places at once."""
    database = load().database()

    async def run() -> None:
        async with opened(database) as engine:
            await migrate_schema(engine)

    asyncio.run(run())
    print(f"the schema is at revision {head()} ({database.name})")
