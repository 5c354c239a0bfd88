"""A list of contributions, the latest events first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.event import EventKey
from app.domain.settlement import Status
from app.ledger.engine import unavailable
from app.ledger.selection import Selection
from app.ledger.tables import contributions


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A contribution in a list."""

    id: UUID
    status: Status
    event: EventKey
    source_id: str
    attempt: int
    recorded_at: datetime
    next_attempt_at: datetime
    settled_at: datetime | None
    gateway_status: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Some of a selection, and how many more there are."""

    contributions: tuple[Listed, ...]
    more: int


async def list_contributions(engine: AsyncEngine, selection: Selection, *, limit: int) -> Listing:
    """Up to `limit` of a selection. Raises LedgerUnavailableError."""
    with unavailable():
        async with engine.begin() as connection:
            return await listing(connection, selection.conditions(), limit=limit)


async def listing(connection: AsyncConnection, where: Sequence[ColumnElement[bool]], *, limit: int) -> Listing:
    """Up to `limit` of those for which everything in `where` is true."""
    chosen = select(*_COLUMNS).where(*where).order_by(_c.id.desc()).limit(limit)
    rows = (await connection.execute(chosen)).all()
    more = 0
    if len(rows) == limit:
        everyone = select(func.count()).select_from(contributions).where(*where)
        more = (await connection.execute(everyone)).scalar_one() - limit
    return Listing(contributions=tuple(map(_listed, rows)), more=max(more, 0))


def _listed(row: Row[*tuple[Any, ...]]) -> Listed:
    return Listed(
        id=row.id,
        status=Status(row.status),
        event=EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id),
        source_id=row.source_id,
        attempt=row.attempt,
        recorded_at=row.recorded_at,
        next_attempt_at=row.next_attempt_at,
        settled_at=row.settled_at,
        gateway_status=row.gateway_status,
    )


_c = contributions.c
_COLUMNS = (
    *(_c.id, _c.status, _c.feed, _c.brand_id, _c.event_id, _c.source_id, _c.attempt),
    *(_c.recorded_at, _c.next_attempt_at, _c.settled_at, _c.gateway_status),
)
