"""The ledger's state: whether it can be written, durably, and whether its schema is the one we work with."""

from dataclasses import dataclass
from typing import Literal

from sqlalchemy import exists, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.engine import LedgerUnavailableError, unavailable
from app.ledger.tables import pauses

DatabaseState = Literal["ok", "unreachable", "read_only", "not_durable", "not_utf8"]
SchemaState = Literal["ok", "unknown", "missing", "not_at_head"]
ForwardingState = Literal["ok", "paused", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerState:
    """`not_durable` means that the server acknowledges commits which a crash can undo; `not_utf8` that there are
    events which the database can't hold. Forwarding is `paused` by a person, for all processes.
    """

    database: DatabaseState
    schema: SchemaState
    forwarding: ForwardingState = "ok"


async def ledger_state(engine: AsyncEngine, *, head: str) -> LedgerState:
    """Ask the database. Never raises, reads no table but Alembic's and `pauses`."""
    try:
        with unavailable():
            async with engine.begin() as connection:
                settings = (await connection.execute(_SETTINGS)).one()
                revision = await connection.scalar(_REVISION) if settings.migrated else None
                paused = await connection.scalar(_PAUSED) if settings.pausable else None
    except LedgerUnavailableError:
        return LedgerState(database="unreachable", schema="unknown", forwarding="unknown")
    return LedgerState(
        database=_database(settings.read_only, settings.commit, settings.fsync, settings.encoding),
        schema=_schema(revision, head),
        forwarding=_forwarding(paused),
    )


def _database(read_only: str, commit: str, fsync: str, encoding: str) -> DatabaseState:
    if read_only == "on":
        return "read_only"
    if "off" in {commit, fsync}:
        return "not_durable"
    return "ok" if encoding == "UTF8" else "not_utf8"


def _schema(revision: str | None, head: str) -> SchemaState:
    if revision is None:
        return "missing"
    return "ok" if revision == head else "not_at_head"


def _forwarding(paused: bool | None) -> ForwardingState:  # noqa: FBT001 - None where the schema knows no pauses
    if paused is None:
        return "unknown"
    return "paused" if paused else "ok"


_SETTINGS = select(
    func.current_setting("transaction_read_only").label("read_only"),  # on for a standby, too
    func.current_setting("synchronous_commit").label("commit"),
    func.current_setting("fsync").label("fsync"),
    func.current_setting("server_encoding").label("encoding"),
    func.to_regclass("alembic_version").is_not(None).label("migrated"),
    func.to_regclass("pauses").is_not(None).label("pausable"),
)
_REVISION = text("select version_num from alembic_version")
_PAUSED = select(exists(select(pauses.c.paused)))
