"""What is taken for an answer of the Gateway, and whether its connection is kept: whatever comes, however it is cut."""

import asyncio
import gc
import re
import socket
import weakref
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.outcome import Answered, Unanswered
from app.gateway.connection import HEAD_LIMIT, Connection

LIMIT = 1000  # bytes of a body
OK = b"HTTP/1.1 200 OK\r\n"
EMPTY = b"content-length: 0\r\n\r\n"

# What RFC 9112 calls a head, in so far as nothing else may be taken for one.
HEAD = rb"HTTP/1\.[01] %s(?: [^\r\n\0]*)?\r\n(?:[!#$%%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r\n)*\r\n"
SUCCESS = re.compile(rb"(?:" + HEAD % rb"1(?!01)\d\d" + rb")*" + HEAD % rb"2\d\d")


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def _connection() -> AsyncIterator[Connection]:
    """A connection to somebody who says nothing by himself."""
    ours, theirs = socket.socketpair()
    with theirs:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(LIMIT), sock=ours)
        try:
            yield connection
        finally:
            connection.close()
            await connection.lost


async def _told(pieces: Iterable[bytes]) -> tuple[Answered | Unanswered | None, bool]:
    """What is told of an answer that comes in these pieces, if anything is, and whether the connection is kept."""
    async with _connection() as connection:
        reply = connection.exchange(b"request", 60)
        for piece in pieces:
            connection.data_received(piece)
            if reply.done():
                break
        return reply.result() if reply.done() else None, connection.in_order


async def _told_at_the_end(pieces: Iterable[bytes]) -> Answered | Unanswered:
    """As above, where the connection ends with the last piece."""
    async with _connection() as connection:
        reply = connection.exchange(b"request", 60)
        for piece in pieces:
            connection.data_received(piece)
        connection.eof_received()
        assert not connection.in_order
        return await reply


def _whole(data: bytes) -> list[bytes]:
    return [data]


def _bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]


Cut = Callable[[bytes], list[bytes]]
cuts = pytest.mark.parametrize("cut", [_whole, _bytewise])


@cuts
@pytest.mark.parametrize(
    ("data", "status", "body"),
    [
        (OK + b"content-length: 3\r\n\r\nabc", 200, "abc"),
        (OK + EMPTY, 200, ""),
        (b"HTTP/1.1 200 \r\n" + EMPTY, 200, ""),
        (b"HTTP/1.1 200\r\n" + EMPTY, 200, ""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 200, "abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\n\r\n", 200, "abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx: y\r\nz: 1\r\n\r\n", 200, "abc"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        (b"HTTP/1.1 304 Not Modified\r\n\r\n", 304, ""),
        (b"HTTP/1.1 304 Not Modified\r\ncontent-length: 3\r\n\r\n", 304, ""),
        (b"HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n", 204, ""),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK + EMPTY, 200, ""),
        (b"HTTP/1.1 102 Processing\r\n\r\n" * 50 + b"HTTP/1.1 503 Busy\r\n" + EMPTY, 503, ""),
        (b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 3\r\n\r\nabc", 200, "abc"),
        (OK + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + EMPTY, 200, ""),
        (b"HTTP/1.1 999 Odd\r\n" + EMPTY, 999, ""),
    ],
)
async def test_an_answer_that_came_whole_is_told_and_its_connection_kept(
    data: bytes, status: int, body: str, cut: Cut
) -> None:
    assert (Answered(status=status, body=body), True) == await _told(cut(data))


@cuts
@pytest.mark.parametrize(
    ("data", "status", "body"),
    [
        (OK + b"connection: close\r\ncontent-length: 3\r\n\r\nabc", 200, "abc"),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 3\r\n\r\nabc", 200, "abc"),
    ],
)
async def test_an_answer_that_ends_its_connection_is_told_at_once(
    data: bytes, status: int, body: str, cut: Cut
) -> None:
    assert (Answered(status=status, body=body), False) == await _told(cut(data))


@pytest.mark.parametrize("head", [OK, b"HTTP/1.0 200 OK\r\n", OK + b"Transfer-Encoding: gzip\r\n"])
async def test_an_answer_without_a_length_lasts_until_its_connection_ends(head: bytes) -> None:
    assert (None, False) == await _told([head + b"\r\nabc", b"def"])
    assert Answered(status=200, body="abcdef") == await _told_at_the_end([head + b"\r\nabc", b"def"])


NO_ANSWER = {
    "nothing": b"",
    "a status line": OK,
    "half a head": OK + b"content-length: 0\r\n",
    "a negative length": OK + b"content-length: -1\r\n\r\n",
    "no length": OK + b"content-length: many\r\n\r\n",
    "a length that is none of this world": OK + b"content-length: 99999999999999999999999\r\n\r\n",
    "the same length twice": OK + b"content-length: 1\r\ncontent-length: 1\r\n\r\na",
    "two lengths": OK + b"content-length: 1\r\ncontent-length: 2\r\n\r\nab",
    "a length, and chunks": OK + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks, and a length": OK + b"transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
    "bare line feeds": b"HTTP/1.1 200 OK\ncontent-length: 0\n\n",
    "a bare line feed among headers": OK + b"a: b\nc: d\r\n\r\n",
    "a bare carriage return": OK + b"a: b\rc: d\r\n\r\n",
    "NUL in a header": OK + b"a: b\0c\r\n\r\n",
    "NUL in the reason": b"HTTP/1.1 200 O\0K\r\n\r\n",
    "a folded header": OK + b"a: b\r\n c\r\n\r\n",
    "a space before the colon": OK + b"content-length : 0\r\n\r\n",
    "a header without a name": OK + b": x\r\n\r\n",
    "a status of two digits": b"HTTP/1.1 20 OK\r\n\r\n",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "a status below all": b"HTTP/1.1 020 OK\r\n\r\n",
    "another version": b"HTTP/2.0 200 OK\r\n\r\n",
    "another protocol": b"RTSP/1.0 200 OK\r\n\r\n",
    "another protocol after an interim answer": b"HTTP/1.1 100 Continue\r\n\r\nRTSP/1.0 200 OK\r\n\r\n",
    "an empty line before it": b"\r\n" + OK + EMPTY,
    "an answer behind garbage": b"x" + OK + EMPTY,
    "an interim answer alone": b"HTTP/1.1 100 Continue\r\n\r\n",
    "an interim answer with a body": b"HTTP/1.1 100 Continue\r\ncontent-length: 3\r\n\r\nabc" + OK + EMPTY,
    "another protocol to switch to": b"HTTP/1.1 101 Switching\r\n\r\n" + OK + EMPTY,
    "a switch": b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n" + OK + EMPTY,
    "a request": b"POST / HTTP/1.1\r\nhost: a\r\n\r\n",
    "TLS": b"\x15\x03\x01\x00\x02\x02\x46",
}


@cuts
@pytest.mark.parametrize("data", NO_ANSWER.values(), ids=NO_ANSWER.keys())
async def test_what_is_no_answer_is_not_taken_for_one(data: bytes, cut: Cut) -> None:
    assert isinstance(await _told_at_the_end(cut(data)), Unanswered)


@cuts
@pytest.mark.parametrize(
    ("data", "body"),
    [
        (OK + b"content-length: 5\r\n\r\nabc", "abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nnonsense", "abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n", ""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n", "abc"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffffffff\r\nabc", ""),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nno header\r\n\r\n", "abc"),
    ],
)
async def test_a_status_counts_whatever_befalls_its_body(data: bytes, body: str, cut: Cut) -> None:
    assert Answered(status=200, body=body) == await _told_at_the_end(cut(data))


@pytest.mark.parametrize(
    "surplus", [b"x", OK + EMPTY, b"HTTP/1.1 500 Oh\r\n" + EMPTY, b"\0"], ids=["byte", "answer", "refusal", "NUL"]
)
@pytest.mark.parametrize(
    "answer",
    [
        OK + b"content-length: 3\r\n\r\nabc",
        OK + b"transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 204 No Content\r\n\r\n",
    ],
    ids=["length", "chunks", "no body"],
)
async def test_what_comes_behind_an_answer_ends_its_connection_and_changes_nothing(
    answer: bytes, surplus: bytes
) -> None:
    (alone, kept), (together, ended) = await _told([answer]), await _told([answer + surplus])

    assert (alone, True, False) == (together, kept, ended)
    async with _connection() as connection:
        reply = connection.exchange(b"request", 60)
        connection.data_received(answer)
        connection.data_received(surplus)
        assert (alone, False) == (await reply, connection.in_order)


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        (b"HTTP/1.1 103 Hints\r\nRetry-After: 1\r\n\r\nHTTP/1.1 503 Busy\r\n", b"content-length: 0\r\n\r\n"),
        (b"HTTP/1.1 503 Busy\r\n", b"transfer-encoding: chunked\r\n\r\n0\r\nRetry-After: 1\r\n\r\n"),
    ],
    ids=["interim", "trailer"],
)
async def test_only_the_head_of_the_answer_itself_asks_to_wait(before: bytes, behind: bytes) -> None:
    assert (Answered(status=503), True) == await _told([before + behind])
    assert (Answered(status=503, retry_after="7"), True) == await _told([before + b"RETRY-after:  7 \r\n" + behind])


ENDLESS = {
    "header": ([OK, b"x: "], b"y" * 1000, Unanswered),
    "headers": ([OK], b"x: y\r\n" * 100, Unanswered),
    "reason": ([b"HTTP/1.1 200 "], b"O" * 1000, Unanswered),
    "interim answers": ([], b"HTTP/1.1 100 Continue\r\n\r\n" * 10, Unanswered),
    "body": ([OK + b"content-length: 99999999\r\n\r\n"], b"y" * 100, Answered),
    "body until the end": ([OK + b"\r\n"], b"y" * 100, Answered),
    "chunks": ([OK + b"transfer-encoding: chunked\r\n\r\n"], b"1\r\ny\r\n" * 50, Answered),
    "chunk extension": ([OK + b"transfer-encoding: chunked\r\n\r\n1;"], b"y" * 1000, Answered),
    "trailers": ([OK + b"transfer-encoding: chunked\r\n\r\n0\r\n"], b"x: y\r\n" * 100, Answered),
    "trailer": ([OK + b"transfer-encoding: chunked\r\n\r\n0\r\nx: "], b"y" * 1000, Answered),
}


@pytest.mark.parametrize(("start", "more", "told"), ENDLESS.values(), ids=ENDLESS.keys())
async def test_what_has_no_end_is_ended_before_it_is_large(start: list[bytes], more: bytes, told: type) -> None:
    pieces, read = chain(start, repeat(more)), 0

    def counted() -> Iterable[bytes]:
        nonlocal read
        for piece in pieces:
            read += len(piece)
            yield piece

    reply, kept = await _told(counted())

    assert isinstance(reply, told)
    assert not kept
    assert read <= HEAD_LIMIT + LIMIT + len(more)
    if isinstance(reply, Answered):
        assert len(reply.body) <= LIMIT


async def test_a_body_is_told_up_to_the_limit() -> None:
    reply, kept = await _told([OK + b"content-length: 1001\r\n\r\n" + b"y" * 1001])

    assert (Answered(status=200, body="y" * LIMIT), False) == (reply, kept)


async def test_a_large_body_comes_whole_within_a_large_limit() -> None:
    size = 3 * HEAD_LIMIT
    ours, theirs = socket.socketpair()
    with theirs:
        _, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(size), sock=ours)
        reply = connection.exchange(b"request", 60)
        connection.data_received(OK + b"content-length: %d\r\n\r\n" % size)
        for _ in range(3):
            connection.data_received(b"y" * HEAD_LIMIT)

        assert Answered(status=200, body="y" * size) == await reply
        assert connection.usable
        connection.close()
        await connection.lost


async def test_the_end_of_a_connection_behind_an_answer_is_seen() -> None:
    async with _connection() as connection:
        reply = connection.exchange(b"request", 60)
        connection.data_received(OK + EMPTY)
        assert (Answered(status=200), True) == (await reply, connection.in_order)
        connection.eof_received()
        assert not connection.in_order


async def test_a_connection_that_is_gone_leaves_nothing_for_the_garbage_collector() -> None:
    gc.disable()
    try:
        async with _connection() as connection:
            connection.exchange(b"request", 60)
            connection.data_received(OK + EMPTY)
            left = weakref.ref(connection)
        del connection
        await asyncio.sleep(0)  # the loop lets go of it
        assert left() is None
    finally:
        gc.enable()


async def test_the_time_of_a_call_says_nothing_about_the_next() -> None:
    async with _connection() as connection:
        first = connection.exchange(b"request", 0.05)
        connection.data_received(OK + EMPTY)
        second = connection.exchange(b"request", 60)
        await asyncio.wait([second], timeout=0.1)

        assert first.done()
        assert not second.done()


async def test_a_connection_that_is_being_closed_is_not_used() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        transport, connection = await asyncio.get_running_loop().create_connection(lambda: Connection(LIMIT), sock=ours)
        assert connection.usable
        transport.abort()
        assert not connection.usable
        await connection.lost


async def test_what_is_not_text_is_told_as_far_as_it_is() -> None:
    assert (Answered(status=200, body="a\ufffd"), True) == await _told([OK + b"content-length: 2\r\n\r\na\xff"])


FRAGMENTS = [
    *(OK, b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/2.0 ", b"RTSP/1.0 ", b"HTTP/1.1 100 Continue\r\n\r\n", b" OK"),
    *(b"200", b"204", b"304", b"500", b"100", b"101", b"2", b"0", b"-1", b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0"),
    *(b"content-length: ", b"Content-Length: 3\r\n", b"content-length: 5\r\n", b"transfer-encoding: chunked\r\n"),
    *(
        b"Transfer-Encoding: gzip\r\n",
        b"3\r\nabc\r\n",
        b"0\r\n\r\n",
        b"0\r\nretry-after: 5\r\n\r\n",
        b"abc",
        b"x: y\r\n",
    ),
    *(b" folded\r\n", b"connection: close\r\n", b"Connection: Upgrade\r\nUpgrade: h2c\r\n", b":", b" ", b"\t", b";"),
]
BYTES = st.lists(st.sampled_from(FRAGMENTS) | st.binary(max_size=4), max_size=12).map(b"".join)
CUTS = st.lists(st.integers(1, 40), max_size=20)


def _pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [piece for piece in [*pieces, data[at:]] if piece]


@given(data=BYTES | BYTES.map(lambda data: OK + data), sizes=CUTS)
@settings(max_examples=500)
async def test_no_bytes_are_a_success_but_those_that_begin_with_one_and_no_cut_changes_that(
    data: bytes, sizes: list[int]
) -> None:
    whole, cut = await _told_at_the_end([data]), await _told_at_the_end(_pieces(data, sizes))

    assert SUCCESS.match(data) or not _succeeded(whole)
    assert (type(whole), getattr(whole, "status", None)) == (type(cut), getattr(cut, "status", None))


def _succeeded(reply: Answered | Unanswered) -> bool:
    return isinstance(reply, Answered) and 200 <= reply.status < 300
