"""As `web`, with a group commit in front: all events that wait and their jobs are one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from benchmarks.rivals.team.batch import Batch
from benchmarks.rivals.team.contribution import FEED, contribution
from benchmarks.rivals.team.receiving import Received, answer, received
from benchmarks.rivals.team.surroundings import DATABASE_URL, told

_INSERT = """
insert into events (feed, brand_id, event_id, payload)
select * from unnest($1::text[], $2::text[], $3::text[], $4::text[]) order by 1, 2, 3
on conflict do nothing returning brand_id, event_id
"""


class Inbox:
    """Writes batches over a connection of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._queries = Queries(AsyncpgDriver(connection))

    async def write(self, came: list[Received]) -> list[bool]:
        """Whether each is new: of several with one key the first."""
        events = [each.event for each in came]
        rows = [[FEED] * len(came), [e.brand_id for e in events], [e.event_id for e in events]]
        async with self._connection.transaction():
            stored = await self._connection.fetch(_INSERT, *rows, [each.payload for each in came])
            fresh = {(row["brand_id"], row["event_id"]) for row in stored}
            new = [_taken(fresh, (event.brand_id, event.event_id)) for event in events]
            owed = [contribution(event).encode() for event, is_new in zip(events, new, strict=True) if is_new]
            if owed:
                await self._queries.enqueue(["contribute"] * len(owed), list(owed), [0] * len(owed))
        return new


def _taken(fresh: set[tuple[str, str]], key: tuple[str, str]) -> bool:
    """Whether it is there, which it is once."""
    if key not in fresh:
        return False
    fresh.remove(key)
    return True


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One connection, as one batch is written at a time."""
    connection = await asyncpg.connect(told(DATABASE_URL))
    app.state.inbox = Batch(Inbox(connection).write)
    yield
    await connection.close()


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether it has started."""
    return {"status": "ok"}


@app.post("/events/bet", status_code=202)
async def receive(request: Request) -> dict[str, str]:
    """Answered after the commit."""
    came = received(request.headers, await request.body())
    return answer(came.event.event_id, new=await app.state.inbox.add(came))
