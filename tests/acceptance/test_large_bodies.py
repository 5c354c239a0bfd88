"""Large bodies, which are held before anybody knows whose they are: as many as there is room for, and no stranger's."""

import asyncio
import base64
import json

import pytest

from app.domain.limits import SMALL
from tests import examples
from tests.acceptance import wire
from tests.acceptance.serving import served
from tests.acceptance.wire import Address
from tests.examples import Running

LARGE = 1024 * 1024
ROOM_FOR_TWO = 2 * (LARGE - SMALL)
OTHER_SENDER = base64.b64encode(b"operator:a-wrong-password").decode()


def _batch(event_id: str, size: int) -> bytes:
    """A request with a batch of so many bytes."""
    return wire.post_body("/events/bet/batch", json.dumps([examples.bet(event_id=event_id)]).encode().ljust(size))


async def _status(address: Address, request: bytes) -> int:
    reader, writer = await address.connect()
    writer.write(request)
    status = (await wire.answer(reader)).status_code
    writer.close()
    return status


async def test_beyond_the_room_for_large_bodies_they_are_refused_and_all_others_taken(
    database_url: str, gateway: Running
) -> None:
    settings = examples.settings(
        database_url=database_url, gateway_url=gateway.url, server={"large_bodies": ROOM_FOR_TWO}
    )
    async with served(settings) as address:
        streams = [await address.connect() for _ in range(6)]
        for number, (_, writer) in enumerate(streams):
            writer.write(_batch(f"bet-{number}", LARGE)[:-1])
        answers = [asyncio.create_task(wire.answer(reader)) for reader, _ in streams]

        async def full() -> bool:
            return 4 == sum(answer.done() for answer in answers)

        await examples.eventually(full)
        refused = [answer.result() for answer in answers if answer.done()]
        small = [await _status(address, _batch("small", SMALL)), await _status(address, wire.post(examples.bet()))]
        large = await _status(address, _batch("large", SMALL + 10))
        for answer, (_, writer) in zip(answers, streams, strict=True):
            if not answer.done():
                writer.write(b" ")
        waited = sorted(answer.status_code for answer in await asyncio.gather(*answers))
        again = [await _status(address, _batch(f"bet-{number}", LARGE)) for number in range(6)]
        for _, writer in streams:
            writer.close()

    assert {("503", "close", "overloaded")} == {
        (str(one.status_code), one.headers["connection"], one.json()["type"].rpartition("/")[2]) for one in refused
    }
    assert all(one.headers["retry-after"].isdigit() for one in refused)
    assert ([200, 202], 503) == (small, large)
    assert [200, 200, 503, 503, 503, 503] == waited
    assert [200] * 6 == again


async def test_those_who_hang_up_half_way_give_back_their_room(database_url: str, gateway: Running) -> None:
    settings = examples.settings(
        database_url=database_url, gateway_url=gateway.url, server={"large_bodies": LARGE - SMALL}
    )
    async with served(settings) as address:
        for number in range(5):
            _, writer = await address.connect()
            writer.write(_batch(f"bet-{number}", LARGE)[:-1])
            await writer.drain()
            await wire.reset(writer)

        async def taken() -> bool:
            return await _status(address, _batch("large", LARGE)) == 200

        await examples.eventually(taken)


@pytest.mark.parametrize("path", ["/events/bet", "/events/bet/batch"])
@pytest.mark.parametrize(
    ("scheme", "header"),
    [
        ({"api_keys": ["0123456789abcdef"]}, "authorization: Bearer fedcba9876543210"),
        ({"basic_users": ["operator:0123456789abcdef"]}, f"authorization: Basic {OTHER_SENDER}"),
    ],
    ids=["API key", "Basic"],
)
async def test_a_strangers_body_is_not_waited_for_where_its_headers_tell(
    database_url: str, gateway: Running, scheme: dict[str, list[str]], header: str, path: str
) -> None:
    feeds = {"bet": scheme, "deposit": {"enabled": False}}
    async with served(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as address:
        reader, writer = await address.connect()
        writer.write(f"POST {path} HTTP/1.1\r\nhost: service\r\ncontent-length: 60000\r\n{header}\r\n\r\n".encode())
        refused = await wire.answer(reader)
        writer.write(b" " * 60_000 + wire.GET_LIVE)
        next_one = await wire.answer(reader)
        writer.close()

    assert (401, 200) == (refused.status_code, next_one.status_code)
