"""What became of an event: what was decided, and each contribution that it owes as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Uuid, bindparam, column, func, select, true
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.domain.filtering import IgnoreReason
from app.domain.settlement import Status
from app.ledger.engine import unavailable
from app.ledger.tables import contributions, events


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A contribution as it stands. `next_attempt_at` is None unless it is pending."""

    source_id: str
    status: Status
    attempts: int
    gateway_status: int | None
    next_attempt_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An event. `contributions` has them by their ids, in the order of the rules; None in the place of one that was
    settled so long ago that it was pruned.
    """

    ignored: IgnoreReason | None
    received_at: datetime
    contributions: dict[UUID, Standing | None]


async def known(engine: AsyncEngine, key: EventKey) -> Known | None:
    """What is known of an event; None where there is no such one. Raises LedgerUnavailableError."""
    if "\0" in key.brand_id + key.event_id:
        return None  # PostgreSQL has no such text
    parameters = {"feed": key.feed, "brand_id": key.brand_id, "event_id": key.event_id}
    with unavailable():
        async with engine.begin() as connection:
            rows = (await connection.execute(KNOWN, parameters)).all()
    return _known(rows) if rows else None


def _known(rows: Sequence[Row[*tuple[Any, ...]]]) -> Known:
    return Known(
        ignored=IgnoreReason(rows[0].ignored) if rows[0].ignored else None,
        received_at=rows[0].received_at,
        contributions={row.owed_id: _standing(row) for row in rows if row.owed_id},
    )


def _standing(row: Row[*tuple[Any, ...]]) -> Standing | None:
    if row.status is None:
        return None
    status = Status(row.status)
    return Standing(
        source_id=row.source_id,
        status=status,
        attempts=row.attempt,
        gateway_status=row.gateway_status,
        next_attempt_at=row.next_attempt_at if status is Status.PENDING else None,
        settled_at=row.settled_at,
    )


_e, _c = events.c, contributions.c
_owed = (
    func.unnest(_e.contribution_ids)
    .table_valued(column("id", Uuid), with_ordinality="place", name="owed")
    .render_derived()
)
KNOWN = (
    select(
        *(_e.ignored, _e.received_at, _owed.c.id.label("owed_id"), _c.source_id, _c.status, _c.attempt),
        *(_c.gateway_status, _c.next_attempt_at, _c.settled_at),
    )
    .select_from(events.outerjoin(_owed, true()).outerjoin(contributions, _c.id == _owed.c.id))
    .where(_e.feed == bindparam("feed"), _e.brand_id == bindparam("brand_id"), _e.event_id == bindparam("event_id"))
    .order_by(_owed.c.place)
)
