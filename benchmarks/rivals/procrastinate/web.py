"""Receives an event: the event and its job are one transaction, then it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool

from benchmarks.rivals.procrastinate import tasks
from benchmarks.rivals.team.contribution import FEED, contribution
from benchmarks.rivals.team.receiving import Received, answer, received

_INSERT = "insert into events (feed, brand_id, event_id, payload) values (%s, %s, %s, %s) on conflict do nothing"


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One pool for all requests."""
    async with tasks.opened() as app.state.pool:
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


async def _record(pool: AsyncConnectionPool, came: Received) -> bool:
    event = came.event
    async with pool.connection() as connection:
        stored = await connection.execute(_INSERT, (FEED, event.brand_id, event.event_id, came.payload))
        if stored.rowcount != 1:
            return False
        await tasks.contribute.configure(connection=connection).defer_async(body=contribution(event))
    return True
