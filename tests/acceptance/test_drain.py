"""A service that is told to stop: senders who retry see answers or a closed door, and nothing in between."""

import asyncio
import signal
from asyncio.subprocess import Process
from collections import Counter
from dataclasses import dataclass, field
from uuid import uuid4

import anyio
import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.tables import events
from app.sandbox.operator import label
from tests import examples
from tests.acceptance import wire
from tests.acceptance.conftest import Serve
from tests.acceptance.wire import Address


@dataclass(slots=True)
class Seen:
    """What senders saw."""

    acknowledged: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    wrong: list[httpx.Response] = field(default_factory=list)

    def add(self, event_id: str, response: httpx.Response) -> None:
        self.answers[label(response)] += 1
        if response.status_code == httpx.codes.ACCEPTED:
            self.acknowledged.add(event_id)
        elif response.headers.get("connection") != "close" or not response.headers.get("retry-after", "").isdigit():
            self.wrong.append(response)


async def _send_until_the_door_is_closed(address: Address, seen: Seen, *, kept: int) -> None:
    """Post one event after the other, over connections kept or new ones."""
    limits = httpx.Limits(max_keepalive_connections=kept)
    async with httpx.AsyncClient(base_url=address.url, limits=limits, timeout=examples.DEADLINE) as client:
        for _ in range(100_000):
            event_id = f"bet-{uuid4()}"
            body = httpx.Request("POST", "/", json=examples.bet(event_id=event_id)).content
            try:
                seen.add(event_id, await client.post("/events/bet", content=body, headers=examples.signed(body)))
            except httpx.TransportError as error:
                seen.failures[type(error).__name__] += 1
                return


async def _end(process: Process) -> None:
    with anyio.fail_after(examples.DEADLINE):
        await process.wait()


@pytest.mark.parametrize("workers", [1, 2], ids=["one process", "two workers"])
@pytest.mark.parametrize("kept", [16, 0], ids=["connections kept", "new connections"])
async def test_senders_under_way_see_answers_and_then_a_closed_door(
    serve: Serve, engine: AsyncEngine, kept: int, workers: int
) -> None:
    seen = Seen()
    async with serve('drain = "300ms"', f"workers = {workers}") as (process, address):
        async with asyncio.TaskGroup() as group:
            for _ in range(16):
                group.create_task(_send_until_the_door_is_closed(address, seen, kept=kept))

            async def under_way() -> bool:
                return len(seen.acknowledged) > 100

            await examples.eventually(under_way)
            process.send_signal(signal.SIGTERM)
        await _end(process)

    assert {"accepted", "refused: 503"} == seen.answers.keys()
    assert seen.wrong == []
    assert Counter({"ConnectError": 16}) == seen.failures
    async with engine.connect() as connection:
        assert seen.acknowledged <= set((await connection.execute(select(events.c.event_id))).scalars())


async def test_a_request_that_crosses_the_close_of_an_idle_connection_is_answered(serve: Serve) -> None:
    """A keep-alive connection that was silent during the drain: the service cannot know what is on its way."""
    async with serve('drain = "1ms"') as (process, address):
        reader, writer = await address.connect()
        new_reader, new_writer = await address.connect()
        writer.write(wire.GET_LIVE)
        assert (await wire.answer(reader)).headers.get("connection") is None
        process.send_signal(signal.SIGTERM)
        await _closed_door(address)

        writer.write(wire.post(examples.bet()))
        new_writer.write(wire.post(examples.bet()))
        crossed, rest = await wire.answer(reader), await reader.read()
        new, new_rest = await wire.answer(new_reader), await new_reader.read()
        writer.close()
        new_writer.close()
        await _end(process)

    for response in (crossed, new):
        assert (503, "close") == (response.status_code, response.headers["connection"])
        assert response.json()["type"] == "/problems/draining"
        assert response.headers["retry-after"].isdigit()
    assert (b"", b"") == (rest, new_rest)


async def _closed_door(address: Address) -> None:
    async def closed() -> bool:
        try:
            _, writer = await address.connect()
        except ConnectionRefusedError:
            return True
        writer.close()
        return False

    await examples.eventually(closed)


async def test_every_answer_during_the_drain_is_the_last_over_its_connection(serve: Serve) -> None:
    async with serve('drain = "10m"') as (process, address):
        streams = [await address.connect() for _ in range(3)]
        for reader, writer in streams:
            writer.write(wire.GET_LIVE)
            assert (await wire.answer(reader)).headers.get("connection") is None
        process.send_signal(signal.SIGTERM)

        async def draining() -> bool:
            async with httpx.AsyncClient(base_url=address.url) as client:
                return bool((await client.get("/health/ready")).json()["status"] == "draining")

        await examples.eventually(draining)
        requests = (wire.GET_LIVE, wire.post(examples.bet()), b"GET /nowhere HTTP/1.1\r\nhost: service\r\n\r\n")
        answers = []
        for (reader, writer), request in zip(streams, requests, strict=True):
            writer.write(request)
            answers.append(await wire.answer(reader))
            assert await wire.hung_up(reader)
            writer.close()
        process.send_signal(signal.SIGTERM)
        await _end(process)

    assert [(200, "close"), (503, "close"), (404, "close")] == [
        (response.status_code, response.headers["connection"]) for response in answers
    ]
