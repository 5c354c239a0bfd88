"""Receives an event, stores it, sends a task for it, and answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool

from benchmarks.rivals.celery.tasks import contribute
from benchmarks.rivals.team.contribution import FEED, contribution
from benchmarks.rivals.team.receiving import Received, answer, received
from benchmarks.rivals.team.surroundings import DATABASE_URL, told

CONNECTIONS = 10  # asyncpg's default
_INSERT = "insert into events (feed, brand_id, event_id, payload) values ($1, $2, $3, $4) on conflict do nothing"


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
    """Answered after the commit and once Redis has the task: a crash between the two loses it."""
    came = received(request.headers, await request.body())
    event = came.event
    new = await _record(app.state.pool, came)
    if new:
        key = [FEED, event.brand_id, event.event_id]
        await run_in_threadpool(contribute.delay, contribution(event), key)  # it blocks until Redis has it on disk
    return answer(event.event_id, new=new)


async def _record(pool: Any, came: Received) -> bool:
    event = came.event
    stored: str = await pool.execute(_INSERT, FEED, event.brand_id, event.event_id, came.payload)
    return stored == "INSERT 0 1"
