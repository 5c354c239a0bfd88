"""The benchmarks' generator and Gateway, over real sockets."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from app.authentication.standard_webhooks import StandardWebhooks
from app.sandbox.listener import listener
from benchmarks import events
from benchmarks.gateway import TOKEN, Account, Conversation
from benchmarks.generator.order import Order, Record
from benchmarks.generator.pool import Pool
from benchmarks.generator.saturating import saturate
from benchmarks.generator.steady import steady
from benchmarks.running import helper

SCHEME = StandardWebhooks(keys=(bytes(32),), tolerance=timedelta(minutes=5))
ANSWER = b"HTTP/1.1 202 Accepted\r\ncontent-length: 2\r\n\r\n{}"
FAST = 10_000.0  # requests a second

Answering = Callable[[bytes], Awaitable[bytes | None]]


@asynccontextmanager
async def receiver(answer: Answering) -> AsyncIterator[int]:
    """A port where each request, headers and body, is answered so; with None the connection is closed instead."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while head := await _head(reader):
            length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
            answered = await answer(await reader.readexactly(length))
            if answered is None:
                return
            writer.write(answered)

    async with listener(converse) as port:
        yield port


async def _head(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


def pool(*ports: int, count: int) -> Pool:
    chosen = list(range(count))
    return Pool(ports, events.requests("a-", chosen, scheme=SCHEME), Record.empty(chosen))


async def at_once(_: bytes) -> bytes:
    return ANSWER


async def test_every_request_is_sent_answered_and_written_down() -> None:
    received = list[bytes]()

    async def answer(body: bytes) -> bytes:
        received.append(body)
        return ANSWER

    async with receiver(answer) as port:
        loading = pool(port, count=100)
        await loading.open(4)
        await saturate(loading, connections=4, count=100)
        loading.close()

    record = loading.record
    assert [202] * 100 == record.status.tolist()
    assert {f"a-{number:08}".encode() for number in range(100)} == {body[14:24] for body in received}
    assert all(due <= sent <= done for due, sent, done in zip(record.due, record.sent, record.answered, strict=True))
    assert 4 == record.connections


async def test_a_saturating_load_has_no_more_under_way_than_it_has_senders() -> None:
    under_way, most = 0, 0

    async def answer(_: bytes) -> bytes:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        return ANSWER

    async with receiver(answer) as port:
        loading = pool(port, count=50)
        await loading.open(3)
        await saturate(loading, connections=3, count=50)
        loading.close()

    assert 1 <= most <= 3


async def test_a_steady_load_goes_on_while_nothing_is_answered_and_counts_the_wait_from_when_each_was_due() -> None:
    """The receiver stalls until the last request is there: who waited for answers would never send it."""
    count, arrived, all_there = 20, 0, asyncio.Event()

    async def answer(_: bytes) -> bytes:
        nonlocal arrived
        arrived += 1
        if arrived == count:
            all_there.set()
        await all_there.wait()
        return ANSWER

    async with receiver(answer) as port:
        loading = pool(port, count=count)
        await loading.open(2)
        async with asyncio.timeout(60):
            await steady(loading, rate=FAST, count=count)
        loading.close()

    record = loading.record
    distances = {later - due for due, later in zip(record.due, record.due[1:], strict=False)}
    assert {round(1e9 / FAST)} == distances
    assert min(record.answered) >= record.due[-1]
    assert count == record.connections


async def test_a_steady_load_is_never_early() -> None:
    async with receiver(at_once) as port:
        loading = pool(port, count=50)
        await loading.open(1)
        await steady(loading, rate=FAST, count=50)
        loading.close()

    assert all(due <= sent for due, sent in zip(loading.record.due, loading.record.sent, strict=True))


async def test_a_lost_connection_is_written_down_and_the_load_goes_on() -> None:
    async def answer(body: bytes) -> bytes | None:
        return None if b"a-00000003" in body else ANSWER

    async with receiver(answer) as port:
        loading = pool(port, count=10)
        await loading.open(1)
        await saturate(loading, connections=1, count=10)
        loading.close()

    assert [202, 202, 202, 0, 202, 202, 202, 202, 202, 202] == loading.record.status.tolist()


async def test_a_receiver_that_is_gone_is_written_down() -> None:
    async with receiver(at_once) as port:
        pass
    loading = pool(port, count=3)
    await saturate(loading, connections=2, count=3)

    assert [0, 0, 0] == loading.record.status.tolist()


async def test_a_receiver_that_says_nothing_more_is_not_waited_for_without_end() -> None:
    never = asyncio.Event()

    async def answer(body: bytes) -> bytes:
        if b"a-00000003" in body:
            await never.wait()
        return ANSWER

    async with receiver(answer) as port:
        loading = pool(port, count=5)
        await loading.open(5)
        for number in range(5):
            loading.send(number)
        await loading.finished(patience=0.2)
        loading.close()

    assert [3] == [number for number, answered in enumerate(loading.record.answered) if not answered]


async def test_several_ports_share_the_connections() -> None:
    seen = [0, 0]

    async def first(_: bytes) -> bytes:
        seen[0] += 1
        return ANSWER

    async def second(_: bytes) -> bytes:
        seen[1] += 1
        return ANSWER

    async with receiver(first) as one, receiver(second) as two:
        loading = pool(one, two, count=100)
        await loading.open(4)
        await saturate(loading, connections=4, count=100)
        loading.close()

    assert 100 == sum(seen)
    assert min(seen) > 0


async def test_an_array_is_due_as_one_request_and_each_of_its_events_is_written_down(tmp_path: Path) -> None:
    received = list[bytes]()

    async def answer(body: bytes) -> bytes:
        received.append(body)
        return ANSWER

    async with receiver(answer) as port:
        order = Order(
            ports=(port,), count=25, prefix="a-", key="00", record=str(tmp_path / "record"), rate=FAST, batch=10
        )
        generator = await helper(sys.executable, "-m", "benchmarks.generator", told=order.text())
        await generator.tell("go")
        assert 0 == await generator.process.wait()

    record, between = Record.read(tmp_path / "record"), round(1e9 / FAST * 10)
    assert [10, 10, 5] == [len(json.loads(body)) for body in received]
    assert (list(range(25)), [202] * 25) == (record.event.tolist(), record.status.tolist())
    assert [0] * 10 + [between] * 10 + [2 * between] * 5 == [due - record.due[0] for due in record.due]
    assert all(due <= sent <= done for due, sent, done in zip(record.due, record.sent, record.answered, strict=True))


def test_a_record_and_an_order_survive_their_files(tmp_path: Path) -> None:
    record = Record.empty([3, 1, 4])
    record.status[1] = 202
    record.write(tmp_path / "record")
    order = Order(ports=(1, 2), count=3, prefix="a-", key="00", record="x", rate=5.0)

    assert record == Record.read(tmp_path / "record")
    assert order == Order.read(order.text())


@pytest.fixture
async def account() -> Account:
    return Account()


@pytest.fixture
async def gateway(account: Account) -> AsyncIterator[httpx.AsyncClient]:
    server = await asyncio.get_running_loop().create_server(lambda: Conversation(account, 0.001), "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
        yield client
    server.close()


BODY = b'{"metadata": {"event_id": "a-1"}, "base_wager": 12.50}'


async def test_the_gateway_keeps_each_contribution_with_the_wager_as_it_was_written(gateway: httpx.AsyncClient) -> None:
    token = (await gateway.post("/authenticate/service", json={})).json()["token"]
    headers = {"authorization": f"Bearer {token}"}
    answers = [await gateway.post("/jackpots/contribute/source", content=BODY, headers=headers) for _ in range(2)]
    calls = (await gateway.get("/account/calls")).json()

    assert [200, 200] == [answer.status_code for answer in answers]
    assert {"calls": 2} == (await gateway.get("/account")).json()
    assert [["a-1", "12.50"]] * 2 == [call[:2] for call in calls]
    assert calls[0][2] < calls[1][2]


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer other"}, {"authorization": TOKEN}])
async def test_the_gateway_takes_nothing_without_its_token(
    gateway: httpx.AsyncClient, account: Account, headers: dict[str, str]
) -> None:
    answer = await gateway.post("/jackpots/contribute/source", content=BODY, headers=headers)

    assert (401, []) == (answer.status_code, account.calls)
