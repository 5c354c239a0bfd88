"""Pausing: while the ledger is paused, no dispatcher claims anything, and events are accepted all the same."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Executable, Text, bindparam, delete, exists, insert, literal, select
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.intervention import Signature
from app.ledger.engine import unavailable
from app.ledger.tables import interventions, pauses


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """A pause that stands: since when, by whom and why."""

    paused_at: datetime
    signature: Signature


async def pause(engine: AsyncEngine, signature: Signature) -> bool:
    """Pause forwarding. False where it is paused already: that pause stands. Raises LedgerUnavailableError."""
    return await _changed(engine, _PAUSE, signature)


async def resume(engine: AsyncEngine, signature: Signature) -> bool:
    """Resume forwarding. False where it is not paused. Raises LedgerUnavailableError."""
    return await _changed(engine, _RESUME, signature)


async def standing_pause(engine: AsyncEngine) -> Pause | None:
    """The pause that stands, if one does. Raises LedgerUnavailableError."""
    with unavailable():
        async with engine.begin() as connection:
            row = (await connection.execute(_STANDING)).one_or_none()
    return row and Pause(paused_at=row.paused_at, signature=Signature(actor=row.actor, reason=row.reason))


async def _changed(engine: AsyncEngine, statement: Executable, signature: Signature) -> bool:
    with unavailable():
        async with engine.begin() as connection:
            parameters = {"actor": signature.actor, "reason": signature.reason}
            changed: bool = (await connection.execute(statement, parameters)).scalar_one()
            return changed


def _signed(change: Executable, action: str) -> Executable:
    """One statement, so one commit: the change, and only if there was one, who made it."""
    made = change.cte("made")  # type: ignore[attr-defined]
    signature = select(literal(action, Text), bindparam("actor", type_=Text), bindparam("reason", type_=Text))
    signed = insert(interventions).from_select(["action", "actor", "reason"], signature.select_from(made))
    return select(exists(select(made.c.paused))).add_cte(signed.cte("signed"))


_PAUSE = _signed(
    insert_or_skip(pauses).values(paused=True).on_conflict_do_nothing().returning(pauses.c.paused), "pause"
)
_RESUME = _signed(delete(pauses).returning(pauses.c.paused), "resume")
_STANDING = (
    select(pauses.c.paused_at, interventions.c.actor, interventions.c.reason)
    .select_from(pauses.join(interventions, interventions.c.action == "pause"))
    .order_by(interventions.c.id.desc())
    .limit(1)
)
