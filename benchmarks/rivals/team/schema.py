"""The table of events: `python -m benchmarks.rivals.team.schema` makes it."""

import asyncio

import asyncpg

from benchmarks.rivals.team.surroundings import DATABASE_URL, told

EVENTS = """
create table events (
    feed        text not null,
    brand_id    text not null,
    event_id    text not null,
    payload     text not null,
    received_at timestamptz not null default now(),
    job_id      bigint, -- with pgqueuer, in whose log the outcome stands
    status      text not null default 'accepted',
    settled_at  timestamptz,
    primary key (feed, brand_id, event_id)
)
"""


async def main() -> None:
    """Make it."""
    connection = await asyncpg.connect(told(DATABASE_URL))
    await connection.execute(EVENTS)
    await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
