"""The schema: brought to its head by Alembic, and compared with it."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncEngine

import migrations
from app.ledger.engine import unavailable


class UnknownSchemaError(Exception):
    """The database's schema was made by another, perhaps a later version."""


def configuration() -> Config:
    """Alembic's configuration for this project's migrations, wherever they are installed."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    return config


def head() -> str:
    """The revision that this version of the service works with."""
    revision = ScriptDirectory.from_config(configuration()).get_current_head()
    if revision is None:
        raise RuntimeError("the migrations are not installed")
    return revision


async def migrate(engine: AsyncEngine, revision: str = "head") -> None:
    """Bring the schema to a revision. Raises LedgerUnavailableError, also when a lock is not to be had in time, and
    UnknownSchemaError.
    """

    def upgrade(connection: Connection) -> None:
        config = configuration()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    try:
        with unavailable():
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="READ COMMITTED")
                await connection.run_sync(upgrade)
    except CommandError as error:
        raise UnknownSchemaError(f"the schema is none that this version knows: {error}") from None
