"""What was sent: the payloads of events, by their keys."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.ledger.engine import unavailable
from app.ledger.keys import key_columns, key_of, key_parameters, same_key, sent
from app.ledger.tables import events


async def payloads(engine: AsyncEngine, keys: Sequence[EventKey]) -> dict[EventKey, str]:
    """Those that are recorded. Raises LedgerUnavailableError."""
    with unavailable():
        async with engine.begin() as connection:
            rows = (await connection.execute(PAYLOADS, key_parameters(keys))).all()
    return {key_of(row): row.payload for row in rows}


_WANTED = sent()
PAYLOADS = select(*key_columns(events), events.c.payload).join(_WANTED, same_key(events, _WANTED))
