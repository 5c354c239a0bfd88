"""A ledger with a past, or with a backlog: one event that the service recorded itself, so many times over."""

from dataclasses import dataclass

from benchmarks.database import Database

CHUNK = 500_000  # events written by one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """`count` copies of an event, whose ids are the prefix and a number of eight digits, recorded one after the other
    at these intervals, until so long before the original.
    """

    original: str
    prefix: str
    count: int
    apart: str = "10 ms"
    before: str = "1 hour"


async def copy(database: Database, ledger: str, copies: Copies) -> None:
    """Write them. Whatever column names neither the event nor a moment is the original's."""
    times = copies.apart, copies.before
    for first in range(0, copies.count, CHUNK):
        last = min(first + CHUNK, copies.count) - 1
        values = copies.original, copies.prefix, first, last, copies.count
        for statement in (_EVENTS, _CONTRIBUTIONS):
            await database.execute(ledger, statement.format(*times), *values)
    await database.execute(ledger, "vacuum analyze")
    await database.execute(ledger, "checkpoint")


_NUMBERED = """
from generate_series($3::int, $4::int) as n,
     {table} as original,
     lateral (select $2 || lpad(n::text, 8, '0') as event_id,
                     original.{moment} - interval '{{1}}' - ($5::int - n) * interval '{{0}}' as at) as this,
     lateral (select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '8'
                     || substr(md5(this.event_id), 1, 19))::uuid as id) as identity,
"""
_EVENTS = (
    "insert into events select copied.*"
    + _NUMBERED.format(table="events", moment="received_at")
    + """
     lateral jsonb_populate_record(original, jsonb_build_object(
         'event_id', this.event_id,
         'contribution_ids', jsonb_build_array(identity.id),
         'payload', replace(original.payload, original.event_id, this.event_id),
         'received_at', at
     )) as copied
where original.event_id = $1
"""
)
_CONTRIBUTIONS = (
    "insert into contributions select copied.*"
    + _NUMBERED.format(table="contributions", moment="recorded_at")
    + """
     lateral jsonb_populate_record(original, jsonb_build_object(
         'id', identity.id,
         'event_id', this.event_id,
         'body', replace(original.body, original.event_id, this.event_id),
         'recorded_at', at,
         'next_attempt_at', at,
         'settled_at', case when original.settled_at is not null then at end
     )) as copied
where original.event_id = $1
"""
)
