"""A ledger with a past: so many events recorded and contributed, as a busy year leaves them."""

from tests.chaos.database import ChaosDatabase

_EVENTS = """
insert into events (feed, brand_id, event_id, fingerprint, contribution_ids, payload, received_at)
select 'bet', 'brand1', 'past-' || n, sha256(n::text::bytea), array[{id}], '{{"event_id": "past-' || n || '"}}',
       now() - interval '1 hour' - n * interval '10 ms'
from generate_series(1, $1::int) as n
"""
_CONTRIBUTIONS = """
insert into contributions (id, feed, brand_id, event_id, source_id, body, status, attempt, recorded_at,
                           next_attempt_at, gateway_status, gateway_response, settled_at)
select {id}, 'bet', 'brand1', 'past-' || n, 'book-of-examples', '{{"gameround_id": "past-' || n || '"}}',
       'contributed', 1, at, at, 200, '{{"status": "contributed"}}', at
from generate_series(1, $1::int) as n,
     lateral (select now() - interval '1 hour' - n * interval '10 ms' as at) as recorded
"""
_ID = "(lpad(to_hex(1760000000000 + n * 10), 12, '0') || '8' || substr(md5(n::text), 1, 19))::uuid"


async def fill(database: ChaosDatabase, rows: int) -> None:
    """Fill the ledger with events that nothing is left to do for."""
    if rows:
        await database.execute(_EVENTS.format(id=_ID), rows)
        await database.execute(_CONTRIBUTIONS.format(id=_ID), rows)
    await database.execute("vacuum analyze")
    await database.execute("checkpoint")
