"""Receives an event: a workflow of two steps is started durably under the event's key, then it answers."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
from dbos import DBOS, DBOSConfig, SetWorkflowID
from fastapi import FastAPI, Request

from benchmarks.rivals.team.contribution import FEED, contribution
from benchmarks.rivals.team.gateway import Gateway, connected
from benchmarks.rivals.team.receiving import answer, received
from benchmarks.rivals.team.surroundings import DATABASE_URL, told

CONNECTIONS = 10  # for the outcomes; DBOS has 20 of its own
_SETTLE = """
insert into events (feed, brand_id, event_id, payload, status, settled_at)
values ($1, $2, $3, $4, 'contributed', now()) on conflict do nothing
"""


@dataclass(slots=True)
class Reached:
    """What the steps reach: set once the application has started, before the first workflow."""

    pool: Any
    gateway: Gateway


reached: Reached


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """DBOS is launched in the loop of the application, so that its workflows run there."""
    global reached  # noqa: PLW0603 - workflows are functions of a module, and get what they need from it
    async with (
        asyncpg.create_pool(told(DATABASE_URL), min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
        connected() as gateway,
    ):
        reached = Reached(pool, gateway)
        DBOS.launch()
        yield
        DBOS.destroy()


app = FastAPI(lifespan=lifespan)
config: DBOSConfig = {"name": "rival", "system_database_url": told(DATABASE_URL), "log_level": "WARNING"}
DBOS(config=config)


@DBOS.step(retries_allowed=True, max_attempts=10)
async def contribute(body: str) -> int:
    """Make the contribution."""
    return await reached.gateway.contribute(body.encode())


@DBOS.step()
async def record(key: list[str], payload: str) -> None:
    """Store the event with its outcome."""
    await reached.pool.execute(_SETTLE, *key, payload)


@DBOS.workflow()
async def process(key: list[str], payload: str, body: str) -> None:
    """An event's way, resumed after a crash at the step where it was."""
    await contribute(body)
    await record(key, payload)


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether it has started."""
    return {"status": "ok"}


@app.post("/events/bet", status_code=202)
async def receive(request: Request) -> dict[str, str]:
    """Answered after the workflow's start was committed, once for each key."""
    came = received(request.headers, await request.body())
    event = came.event
    key = [FEED, event.brand_id, event.event_id]
    with SetWorkflowID(json.dumps(key)):
        await DBOS.start_workflow_async(process, key, came.payload, contribution(event))
    return answer(event.event_id, new=True)
