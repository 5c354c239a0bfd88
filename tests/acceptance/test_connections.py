"""Connections that are too many, too slow, or gone: the service answers everyone else, and keeps nothing of them."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.cli.connection import SPARE
from app.ledger.tables import events
from app.sandbox.operator import label
from tests import examples
from tests.acceptance import wire
from tests.acceptance.conftest import Serve
from tests.acceptance.serving import served
from tests.acceptance.wire import Address
from tests.examples import Running

POST = wire.post(examples.bet())
GAUGES = ("backlog", "dispatcher_in_flight", "events_unwritten")


async def _ask(address: Address, request: bytes) -> httpx.Response:
    """The answer to a request over a connection of its own, which is left to the service to close where it says so."""
    reader, writer = await address.connect()
    writer.write(request)
    response = await wire.answer(reader)
    if response.headers.get("connection") == "close":
        assert await wire.hung_up(reader)
    writer.close()
    return response


def _problem(response: httpx.Response) -> tuple[int, str, bool]:
    retry_after: Any = response.headers.get("retry-after", "")
    return response.status_code, response.json()["type"].rpartition("/")[2], retry_after.isdigit()


async def test_an_event_over_a_connection_too_many_is_refused_and_a_probe_is_answered(serve: Serve) -> None:
    async with serve("connections = 3") as (_, address):
        kept = [await address.connect() for _ in range(3)]
        for reader, writer in kept:
            writer.write(wire.GET_LIVE)
            await wire.answer(reader)

        refused, probed = await _ask(address, POST), await _ask(address, wire.GET_LIVE)
        kept[0][1].write(POST)
        accepted = await wire.answer(kept[0][0])
        for _, writer in kept:
            writer.close()

        async def let_in() -> bool:
            return "connection" not in (await _ask(address, wire.GET_LIVE)).headers

        await examples.eventually(let_in)
        again = await _ask(address, POST)

    assert (503, "overloaded", True) == _problem(refused)
    assert refused.headers["connection"] == "close"
    assert (200, "close") == (probed.status_code, probed.headers["connection"])
    assert ["accepted", "duplicate"] == [label(accepted), label(again)]


async def test_connections_are_bounded_also_beyond_the_limit(serve: Serve) -> None:
    async with serve("connections = 1") as (_, address):
        kept = [await address.connect() for _ in range(1 + SPARE)]
        reader, writer = await address.connect()

        assert (503, "overloaded", True) == _problem(await wire.answer(reader))
        assert await wire.hung_up(reader)
        for one in (writer, *(writer for _, writer in kept)):
            one.close()


@pytest.mark.parametrize(
    "beginning",
    [b"", POST[:20], POST[: POST.index(b"\r\n\r\n") + 10]],
    ids=["nothing", "half of the headers", "half of the body"],
)
async def test_whoever_takes_too_long_over_a_request_is_hung_up_on(serve: Serve, beginning: bytes) -> None:
    async with serve('read_timeout = "1s"') as (_, address):
        reader, writer = await address.connect()
        writer.write(beginning)

        assert await wire.hung_up(reader)
        writer.close()
        assert label(await _ask(address, POST)) == "accepted"


async def test_a_connection_may_idle_longer_than_a_request_may_take_and_its_next_request_may_not(serve: Serve) -> None:
    async with serve('read_timeout = "1s"') as (_, address):
        reader, writer = await address.connect()
        writer.write(wire.GET_LIVE)
        await wire.answer(reader)
        silent, silent_writer = await address.connect()
        assert await wire.hung_up(silent)  # so that the time is over

        writer.write(POST)
        assert label(await wire.answer(reader)) == "accepted"
        writer.write(POST[:20])
        assert await wire.hung_up(reader)
        writer.close()
        silent_writer.close()


async def test_a_refusal_arrives_though_the_body_is_still_being_sent(serve: Serve) -> None:
    """What is unread when a socket closes turns the close into a reset, and that takes the answer with it."""
    async with serve() as (_, address):
        reader, writer = await address.connect()
        writer.write(b"POST /events/bet HTTP/1.1\r\nhost: service\r\ncontent-length: 10000000\r\n\r\n")
        for _ in range(100):
            writer.write(b"x" * 10_000)
            await writer.drain()
        response = await wire.answer(reader)
        rest = await reader.read()
        writer.close()

    assert (413, b"") == (response.status_code, rest)


async def test_clients_that_hang_up_leak_nothing_and_undo_nothing(serve: Serve, engine: AsyncEngine) -> None:
    """Some die with half a request sent, some after a whole one and before its answer."""
    count = 200
    bets = [examples.bet(event_id=f"bet-{number}") for number in range(count)]
    async with serve() as (process, address):
        await _ask(address, wire.GET_LIVE)
        before = psutil.Process(process.pid).num_fds()
        await asyncio.gather(*(_die(address, wire.post(bet)[:-20]) for bet in bets))
        await asyncio.gather(*(_die(address, wire.post(bet)) for bet in bets[: count // 2]))
        await asyncio.gather(*(_leave(address, wire.post(bet)) for bet in bets[count // 2 :]))

        async def recorded() -> bool:
            async with engine.connect() as connection:
                return bool(count == await connection.scalar(select(func.count()).select_from(events)))

        await examples.eventually(recorded)
        retries = [await _ask(address, wire.post(bet)) for bet in bets]

        async def nothing_left() -> bool:
            open_sockets = [one for one in psutil.Process(process.pid).net_connections() if one.status != "LISTEN"]
            senders = sum(one.laddr.port == address.port for one in open_sockets)
            values = await _metrics(address)
            gauges = [values[f"event_processor_{name}"] for name in GAUGES]
            return not any([senders, *gauges])

        await examples.eventually(nothing_left)
        after = psutil.Process(process.pid).num_fds()

    assert {"duplicate"} == set(map(label, retries))
    assert after < before + count / 2  # connections to the database and the Gateway come and go


async def _die(address: Address, sent: bytes) -> None:
    _, writer = await address.connect()
    writer.write(sent)
    await asyncio.sleep(0)  # the bytes are on their way before the reset is
    await wire.reset(writer)


async def _leave(address: Address, sent: bytes) -> None:
    _, writer = await address.connect()
    writer.write(sent)
    writer.close()
    await writer.wait_closed()


async def _metrics(address: Address, **labels: str) -> dict[str, float]:
    text = (await _ask(address, wire.GET_LIVE.replace(b"/health/live", b"/metrics"))).text
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.name: sample.value for sample in samples if labels.items() <= sample.labels.items()}


@pytest.mark.parametrize("path", ["/health/live", "/events/bet"])
async def test_a_head_request_is_answered_at_once_though_the_connection_is_kept(serve: Serve, path: str) -> None:
    """Its answer has no body to go with. Load balancers ask so."""
    async with serve() as (_, address):
        reader, writer = await address.connect()
        writer.write(f"HEAD {path} HTTP/1.1\r\nhost: service\r\n\r\n".encode())
        async with asyncio.timeout(examples.DEADLINE):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.close()

    assert head.startswith(b"HTTP/1.1 405")


@pytest.mark.parametrize("behind", [b"\0", b"nonsense\r\n\r\n", b"GET * HTTP/9.9\r\n\r\n"])
async def test_what_is_no_request_is_refused_after_the_answers_to_those_before_it(serve: Serve, behind: bytes) -> None:
    """Whoever sent an event takes the first answer for that event's."""
    events = [wire.post(examples.bet(event_id=f"bet-{number}")) for number in range(3)]
    async with serve() as (_, address):
        reader, writer = await address.connect()
        writer.write(b"".join(events) + behind)
        answers = [await wire.answer(reader) for _ in range(4)]
        assert await wire.hung_up(reader)
        writer.close()

    assert [202, 202, 202, 400] == [answer.status_code for answer in answers]
    assert ("malformed-request", "close") == (_problem(answers[-1])[1], answers[-1].headers["connection"])


async def test_a_body_that_breaks_off_is_refused_after_the_answers_to_those_before_it(serve: Serve) -> None:
    broken = b"POST /events/bet HTTP/1.1\r\nhost: service\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n"
    async with serve() as (_, address):
        statuses = list[list[int]]()
        for sent in (broken, POST + broken):
            reader, writer = await address.connect()
            writer.write(sent)
            statuses.append([(await wire.answer(reader)).status_code for _ in range(sent.count(b"POST"))])
            assert await wire.hung_up(reader)
            writer.close()

    assert [[400], [202, 400]] == statuses


@pytest.mark.parametrize(
    "offer",
    [
        b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQBAAAAAAIAAAAA\r\n",
        b"connection: upgrade\r\nupgrade: websocket\r\n",
    ],
    ids=["as Java's client does", "websocket"],
)
@pytest.mark.parametrize("pieces", [1, 3])
async def test_an_event_with_an_offer_to_upgrade_is_accepted_and_so_is_the_next(
    serve: Serve, offer: bytes, pieces: int
) -> None:
    events = [wire.post(examples.bet(event_id=f"bet-{number}")) for number in range(2)]
    sent = b"".join(event.replace(b"\r\n", b"\r\n" + offer, 1) for event in events)
    cut = len(sent) // pieces + 1
    async with serve() as (_, address):
        reader, writer = await address.connect()
        for start in range(0, len(sent), cut):
            writer.write(sent[start : start + cut])
            await writer.drain()
            await asyncio.sleep(0)
        answers = [await wire.answer(reader) for _ in events]
        writer.close()

    assert ["bet-0", "bet-1"] == [answer.json()["event_id"] for answer in answers]
    assert {"accepted"} == set(map(label, answers))


async def test_white_space_around_the_value_of_a_header_is_none_of_it(serve: Serve) -> None:
    head, _, body = POST.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    spaced = b"\r\n".join([start, *(line.replace(b": ", b":\t ") + b" \t" for line in lines)])
    async with serve() as (_, address):
        response = await _ask(address, spaced + b"\r\n\r\n" + body)

    assert 202 == response.status_code


async def test_a_connect_is_not_served_and_ends_its_connection(serve: Serve) -> None:
    async with serve() as (_, address):
        answer = await _ask(address, b"CONNECT /events/bet HTTP/1.1\r\nhost: service\r\n\r\n" + POST)

    assert (405, "close") == (answer.status_code, answer.headers["connection"])


@pytest.mark.parametrize("behind", [b"", b"x-forwarded-for: 203.0.113.5\r\n"], ids=["no trailer", "a trailer"])
async def test_an_address_in_a_trailer_is_nobodys(database_url: str, gateway: Running, behind: bytes) -> None:
    """The proxy has looked at the headers, and at nothing behind the body."""
    sections: dict[str, Any] = {
        "server": {"trusted_proxies": ["127.0.0.1"]},
        "feeds": {"bet": {"insecure": True, "allowed_addresses": ["203.0.113.0/24"]}, "deposit": {"enabled": False}},
    }
    sent = _chunked(b"x-forwarded-for: 198.51.100.9\r\n", behind)
    async with served(examples.settings(database_url=database_url, gateway_url=gateway.url, **sections)) as address:
        stranger, sender = await _ask(address, sent), await _ask(address, sent.replace(b"198.51.100.9", b"203.0.113.5"))

    assert ("forbidden-address", 202) == (_problem(stranger)[1], sender.status_code)


async def test_a_key_in_a_trailer_is_none(database_url: str, gateway: Running) -> None:
    feeds = {"bet": {"api_keys": ["0123456789abcdef"]}, "deposit": {"enabled": False}}
    key = b"authorization: Bearer 0123456789abcdef\r\n"
    async with served(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as address:
        refused, accepted = await _ask(address, _chunked(b"", key)), await _ask(address, _chunked(key, b""))

    assert [401, 202] == [refused.status_code, accepted.status_code]


def _chunked(headers: bytes, trailers: bytes) -> bytes:
    """A request that posts a bet, unsigned."""
    body = json.dumps(examples.bet()).encode()
    head = b"host: service\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n" + headers
    return b"POST /events/bet HTTP/1.1\r\n%b\r\n%x\r\n%b\r\n0\r\n%b\r\n" % (head, len(body), body, trailers)


async def test_a_flood_of_what_is_not_http_is_counted_and_does_not_fill_the_log(serve: Serve, tmp_path: Path) -> None:
    count = 200
    async with serve() as (_, address):
        await asyncio.gather(*(_ask(address, b"\0") for _ in range(count)))
        counted = await _metrics(address, feed="(none)")
    log = (tmp_path / f"{address.port}.log").read_text()
    lines = [line for line in map(json.loads, log.splitlines()) if line.get("cause") == "malformed-request"]
    written = [line for line in lines if line["event"] == "api.event_refused"]

    assert count == counted["event_processor_events_refused_total"]
    assert count == len(written) + counted["event_processor_refusals_left_out_total"]
    assert ("127.0.0.1", 400) == (written[0]["peer"], written[0]["status"])
    assert "Invalid HTTP" not in log
