"""Receives an event: the event and its job are one transaction, then it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from pgqueuer.db import AsyncpgDriver
from pgqueuer.queries import Queries

from benchmarks.rivals.team.contribution import FEED, contribution
from benchmarks.rivals.team.receiving import Received, answer, received
from benchmarks.rivals.team.surroundings import DATABASE_URL, told

CONNECTIONS = 10  # asyncpg's default
_INSERT = """
insert into events (feed, brand_id, event_id, payload, job_id) values ($1, $2, $3, $4, $5) on conflict do nothing
"""


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One pool for all requests."""
    async with asyncpg.create_pool(told(DATABASE_URL), min_size=CONNECTIONS, max_size=CONNECTIONS) as app.state.pool:
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether it has started."""
    return {"status": "ok"}


@app.post("/events/bet", status_code=202)
async def receive(request: Request) -> dict[str, str]:
    """Answered after the commit."""
    came = received(request.headers, await request.body())
    return answer(came.event.event_id, new=await _record(app.state.pool, came))


async def _record(pool: Any, came: Received) -> bool:
    """Whether it is new. The job comes first, so that the event can name it; with a duplicate it is rolled back."""
    event = came.event
    try:
        async with pool.acquire() as connection, connection.transaction():
            [job] = await Queries(AsyncpgDriver(connection)).enqueue("contribute", contribution(event).encode())
            stored = await connection.execute(_INSERT, FEED, event.brand_id, event.event_id, came.payload, job)
            _require(stored == "INSERT 0 1")
    except _DuplicateError:
        return False
    return True


def _require(new: bool) -> None:
    if not new:
        raise _DuplicateError


class _DuplicateError(Exception):
    """The event was there before."""
