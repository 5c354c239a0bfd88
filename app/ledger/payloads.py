"""What was sent: the payloads of events, by their keys."""

from collections.abc import Sequence

from sqlalchemy import ARRAY, Text, and_, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.ledger.engine import unavailable
from app.ledger.tables import events


async def payloads(engine: AsyncEngine, keys: Sequence[EventKey]) -> dict[EventKey, str]:
    """Those that are recorded. Raises LedgerUnavailableError."""
    parameters = {
        "feeds": [key.feed for key in keys],
        "brand_ids": [key.brand_id for key in keys],
        "event_ids": [key.event_id for key in keys],
    }
    with unavailable():
        async with engine.begin() as connection:
            rows = (await connection.execute(PAYLOADS, parameters)).all()
    return {EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id): row.payload for row in rows}


_NAMES = ("feed", "brand_id", "event_id")
_wanted = (
    func.unnest(*(bindparam(f"{name}s", type_=ARRAY(Text)) for name in _NAMES)).table_valued(*_NAMES).render_derived()
)
PAYLOADS = select(*(events.c[name] for name in _NAMES), events.c.payload).join(
    _wanted, and_(*(events.c[name] == _wanted.c[name] for name in _NAMES))
)
