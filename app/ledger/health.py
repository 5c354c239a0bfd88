"""The ledger's state: whether it can be written, durably, and whether its schema is the one we work with."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.engine import LedgerUnavailableError, unavailable

DatabaseState = Literal["ok", "unreachable", "read_only", "not_durable"]
SchemaState = Literal["ok", "unknown", "missing", "not_at_head"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """`not_durable` means that the server acknowledges commits which a crash can undo."""

    database: DatabaseState
    schema: SchemaState


async def ledger_state(engine: AsyncEngine, *, head: str) -> LedgerState:
    """Ask the database. Never raises, reads no table but Alembic's."""
    try:
        with unavailable():
            async with engine.begin() as connection:
                settings = (await connection.execute(_SETTINGS)).one()
                revision = await connection.scalar(_REVISION) if settings.migrated else None
    except LedgerUnavailableError:
        return LedgerState(database="unreachable", schema="unknown")
    return LedgerState(
        database=_database(settings.read_only, settings.commit, settings.fsync), schema=_schema(revision, head)
    )


def _database(read_only: str, commit: str, fsync: str) -> DatabaseState:
    if read_only == "on":
        return "read_only"
    return "not_durable" if "off" in {commit, fsync} else "ok"


def _schema(revision: str | None, head: str) -> SchemaState:
    if revision is None:
        return "missing"
    return "ok" if revision == head else "not_at_head"


_SETTINGS = select(
    func.current_setting("transaction_read_only").label("read_only"),  # on for a standby, too
    func.current_setting("synchronous_commit").label("commit"),
    func.current_setting("fsync").label("fsync"),
    func.to_regclass("alembic_version").is_not(None).label("migrated"),
)
_REVISION = text("select version_num from alembic_version")
