"""Receives an event, stores it, makes the contribution and stores the outcome, all before it answers."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from fastapi import FastAPI, Request
from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from benchmarks.rivals.forwarding import httpx_gateway
from benchmarks.rivals.team import gateway
from benchmarks.rivals.team.contribution import FEED, contribution
from benchmarks.rivals.team.receiving import Received, answer, received
from benchmarks.rivals.team.surroundings import CLIENT, DATABASE_URL, told

CONNECTIONS = 64  # one for each request under way
CLIENTS = {"httpx": httpx_gateway.connected, "fast": gateway.connected}

_INSERT = text(
    "insert into events (feed, brand_id, event_id, payload) values (:feed, :brand_id, :event_id, :payload) "
    "on conflict do nothing returning 1"
).bindparams(bindparam("feed", FEED))
_SETTLE = text(
    "update events set status = 'contributed', settled_at = now() "
    "where feed = :feed and brand_id = :brand_id and event_id = :event_id"
).bindparams(bindparam("feed", FEED))


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """One engine and one client for all requests, with a connection for each that is under way."""
    url = told(DATABASE_URL).replace("postgresql://", "postgresql+asyncpg://", 1)
    engine = create_async_engine(url, pool_size=CONNECTIONS, max_overflow=0)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        app.state.engine = engine
        app.state.gateway = await stack.enter_async_context(CLIENTS[told(CLIENT)]())
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    """Whether it has started."""
    return {"status": "ok"}


@app.post("/events/bet", status_code=202)
async def receive(request: Request) -> dict[str, str]:
    """Answered once all is done."""
    came = received(request.headers, await request.body())
    new = await _record(app.state.engine, came)
    if new:
        await app.state.gateway.contribute(contribution(came.event).encode())
        await _settle(app.state.engine, came)
    return answer(came.event.event_id, new=new)


async def _record(engine: AsyncEngine, came: Received) -> bool:
    values = {"brand_id": came.event.brand_id, "event_id": came.event.event_id, "payload": came.payload}
    async with engine.begin() as connection:
        return (await connection.execute(_INSERT, values)).first() is not None


async def _settle(engine: AsyncEngine, came: Received) -> None:
    async with engine.begin() as connection:
        await connection.execute(_SETTLE, {"brand_id": came.event.brand_id, "event_id": came.event.event_id})
