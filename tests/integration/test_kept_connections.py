"""Connections to the Gateway over real sockets: used again while that is safe, bounded in number, never left behind."""

import asyncio
import socket
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest

from app.domain.outcome import Answered, NotSent, Unanswered
from app.gateway.call import Limits
from app.gateway.connection import Connection
from app.gateway.direct import DirectCaller
from app.gateway.pool import Pool
from app.sandbox.listener import listener
from app.sandbox.misbehaviour import reset
from tests import examples

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
MADE = Answered(status=200)
LARGE = b"x" * 50_000_000  # more than the system takes from us before anybody reads it
LIMITS = Limits(
    timeout=timedelta(seconds=30), connect_timeout=timedelta(seconds=20), connections=0, response_limit=1000
)  # one connection for all


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter, int], Awaitable[None]]


class Server:
    """Reads requests and has each answered; counts connections, and notes the paths in the order of their arrival."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.writers = list[asyncio.StreamWriter]()
        self.paths = list[str]()
        self.closed = 0
        self.port = 0

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        try:
            with suppress(asyncio.IncompleteReadError):
                while True:
                    head = await reader.readuntil(b"\r\n\r\n")
                    length = int(head.partition(b"content-length: ")[2].partition(b"\r\n")[0])
                    await reader.readexactly(length)
                    self.paths.append(head.split()[1].decode())
                    await self._answer(reader, writer, len(self.paths))
        finally:
            self.closed += 1

    def act(self, do: Callable[[socket.socket], object]) -> None:
        """Do something to the socket of the last connection at this moment, before our side's loop can look."""
        with socket.fromfd(
            self.writers[-1].get_extra_info("socket").fileno(), socket.AF_INET, socket.SOCK_STREAM
        ) as theirs:
            do(theirs)

    async def left(self) -> None:
        """Return when every connection was closed by the other side, and none of this process leads here."""

        async def look() -> bool:
            return self.closed == len(self.writers) and not examples.leading_to(self.port)

        await examples.eventually(look)


@asynccontextmanager
async def _serving(answer: Answer) -> AsyncIterator[Server]:
    server = Server(answer)
    async with listener(server.converse) as server.port:
        yield server


@asynccontextmanager
async def _calling(server: Server, **limits: Any) -> AsyncIterator[DirectCaller]:
    changed = {name: getattr(LIMITS, name) for name in LIMITS.__slots__} | limits
    async with DirectCaller(f"http://127.0.0.1:{server.port}", Limits(**changed)) as caller:
        yield caller


async def _answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
    writer.write(OK)


async def _eventually(condition: Callable[[], bool]) -> None:
    async def look() -> bool:
        return condition()

    await examples.eventually(look)


async def test_calls_one_after_the_other_share_a_connection() -> None:
    async with _serving(_answer) as server, _calling(server, connections=64) as caller:
        assert [MADE] * 10 == [await caller.post("/", b"{}", {}) for _ in range(10)]

    assert len(server.writers) == 1


async def test_calls_at_once_have_a_connection_each_up_to_the_bound() -> None:
    async with _serving(_answer) as server, _calling(server, connections=3) as caller:
        assert [MADE] * 50 == await asyncio.gather(*(caller.post("/", b"{}", {}) for _ in range(50)))

    assert len(server.writers) == 4


@pytest.mark.parametrize(
    "act",
    [
        lambda theirs: theirs.shutdown(socket.SHUT_WR),
        lambda theirs: theirs.send(b"x"),
        lambda theirs: theirs.send(b"HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n"),
    ],
    ids=["end", "byte", "answer"],
)
async def test_a_connection_on_which_anything_came_while_it_rested_is_not_used(
    act: Callable[[socket.socket], object],
) -> None:
    """Also where our own loop had no time to see it: the next call begins at that very moment."""
    async with _serving(_answer) as server, _calling(server) as caller:
        assert await caller.post("/first", b"{}", {}) == MADE
        server.act(act)
        assert await caller.post("/second", b"{}", {}) == MADE

        assert ["/first", "/second"] == server.paths
        assert len(server.writers) == 2
    await server.left()


async def test_a_connection_that_ends_with_a_request_on_its_way_may_have_carried_it() -> None:
    async def once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number == 1:
            writer.write(OK)
            await reader.readexactly(1)
            await reset(reader, writer, b"")

    async with _serving(once) as server, _calling(server) as caller:
        assert await caller.post("/", b"{}", {}) == MADE
        assert isinstance(await caller.post("/", b"{}", {}), Unanswered)


async def test_a_connection_on_which_not_all_was_written_when_the_answer_came_is_not_used() -> None:
    connections = 0

    async def too_large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readexactly(1)
        writer.write(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n")
        while await reader.read(65536):
            pass

    async with listener(too_large) as port, DirectCaller(f"http://127.0.0.1:{port}", LIMITS) as caller:
        for _ in range(2):
            assert await caller.post("/", LARGE, {}) == Answered(status=413)

    assert connections == 2


async def test_a_gateway_that_speaks_first_was_sent_nothing() -> None:
    """Its words are no answer to us."""

    async def converse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)

    async def made() -> Connection:
        async with listener(converse) as port:
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(1000), "127.0.0.1", port
            )
            await _eventually(lambda: not connection.in_order)
            return connection

    with pytest.raises(ConnectionResetError, match="before anything was sent"):
        await Pool(made, limit=1).fresh()


async def test_a_rested_connection_is_closed_without_being_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.pool.IDLE", 0.05)
    async with _serving(_answer) as server, _calling(server, connections=5) as caller:
        for _ in range(2):
            assert [MADE] * 5 == await asyncio.gather(*(caller.post("/", b"{}", {}) for _ in range(5)))
            await server.left()

    assert len(server.writers) == 10


async def test_each_rested_connection_is_closed_in_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.pool.IDLE", 0.1)
    turnstile = Turnstile()
    async with _serving(turnstile.answer) as server, _calling(server, connections=1) as caller:
        calls = [asyncio.create_task(caller.post("/", b"{}", {})) for _ in range(2)]
        turnstile.let_through()
        _, other = await asyncio.wait(calls, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait(other, timeout=0.05)  # so that it rests from a later moment on
        turnstile.let_through()
        await asyncio.wait(other)
        await server.left()

    assert len(server.writers) == 2


async def test_leaving_closes_what_rests_and_what_is_under_way() -> None:
    async def first_only(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        if number == 1:
            writer.write(OK)

    async with _serving(first_only) as server:
        async with _calling(server, connections=2) as caller:
            assert await caller.post("/", b"{}", {}) == MADE
            waiting = [asyncio.create_task(caller.post("/", b"{}", {})) for _ in range(2)]
            await _eventually(lambda: len(server.paths) == 3)
        assert not examples.leading_to(server.port)
        assert [Unanswered, Unanswered] == [type(await task) for task in waiting]
        assert isinstance(await caller.post("/", b"{}", {}), NotSent)
        await server.left()


class Turnstile:
    """Answers one request for each `let_through`."""

    def __init__(self) -> None:
        self._permits = asyncio.Semaphore(0)

    def let_through(self) -> None:
        self._permits.release()

    async def answer(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        await self._permits.acquire()
        writer.write(OK)


async def test_calls_that_wait_for_a_connection_have_it_in_their_order() -> None:
    turnstile = Turnstile()
    async with _serving(turnstile.answer) as server, _calling(server) as caller:
        calls = [asyncio.create_task(caller.post(f"/{number}", b"{}", {})) for number in range(10)]
        for _ in calls:
            turnstile.let_through()
        assert [MADE] * 10 == await asyncio.gather(*calls)

    assert [f"/{number}" for number in range(10)] == server.paths
    assert len(server.writers) == 1


async def test_whoever_waits_for_a_connection_when_all_are_closed_sends_nothing() -> None:
    turnstile = Turnstile()
    async with _serving(turnstile.answer) as server:
        async with _calling(server) as caller:
            calls = [asyncio.create_task(caller.post("/", b"{}", {})) for _ in range(3)]
            await _eventually(lambda: server.paths == ["/"])
        assert [Unanswered, NotSent, NotSent] == [type(await call) for call in calls]

    assert len(server.writers) == 1


async def test_a_connection_that_is_made_when_all_are_closed_carries_nothing() -> None:
    async with _serving(_answer) as server:
        made = asyncio.Event()

        async def connect() -> Connection:
            await made.wait()
            _, connection = await asyncio.get_running_loop().create_connection(
                lambda: Connection(1000), "127.0.0.1", server.port
            )
            return connection

        pool = Pool(connect, limit=1)
        making = asyncio.create_task(pool.fresh())
        await asyncio.sleep(0)  # it is being made
        await pool.aclose()
        made.set()
        with pytest.raises(ConnectionError):
            await making
        await server.left()


async def test_a_call_that_has_no_connection_in_time_sent_nothing_and_holds_none_up() -> None:
    turnstile = Turnstile()
    patience = timedelta(milliseconds=200)
    async with _serving(turnstile.answer) as server, _calling(server, connect_timeout=patience) as caller:
        first = asyncio.create_task(caller.post("/first", b"{}", {}))
        await _eventually(lambda: server.paths == ["/first"])

        assert NotSent(cause="Connecting: no connection within 0.2 s") == await caller.post("/second", b"{}", {})
        turnstile.let_through()
        turnstile.let_through()
        assert [MADE, MADE] == [await first, await caller.post("/third", b"{}", {})]

    assert ["/first", "/third"] == server.paths


async def test_the_wait_for_a_connection_is_part_of_the_time_of_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    left, exchange = list[float](), Connection.exchange

    def noting(connection: Connection, request: bytes, seconds: float) -> asyncio.Future[Answered | Unanswered]:
        left.append(seconds)
        return exchange(connection, request, seconds)

    monkeypatch.setattr(Connection, "exchange", noting)
    turnstile = Turnstile()
    async with _serving(turnstile.answer) as server, _calling(server) as caller:
        calls = [asyncio.create_task(caller.post("/", b"{}", {})) for _ in range(2)]
        await asyncio.wait(calls, timeout=0.1)
        turnstile.let_through()
        turnstile.let_through()
        assert [MADE, MADE] == await asyncio.gather(*calls)

    assert left[1] <= 30 - 0.05


async def test_a_waiting_call_that_is_cancelled_leaves_its_place_to_the_next() -> None:
    turnstile = Turnstile()
    async with _serving(turnstile.answer) as server, _calling(server) as caller:
        calls = [asyncio.create_task(caller.post(f"/{number}", b"{}", {})) for number in range(4)]
        await _eventually(lambda: server.paths == ["/0"])
        await _cancelled(calls.pop(1))
        for _ in calls:
            turnstile.let_through()
        assert [MADE] * 3 == await asyncio.gather(*calls)

    assert ["/0", "/2", "/3"] == server.paths


async def test_a_connection_given_to_a_call_that_is_cancelled_in_that_moment_is_not_lost() -> None:
    async with _serving(_answer) as server, _pool(server) as pool:
        connection = await pool.fresh()
        waiting, next_waiting = asyncio.create_task(pool.fresh()), asyncio.create_task(pool.fresh())
        await asyncio.sleep(0)  # they wait
        pool.give_back(connection)
        await _cancelled(waiting)

        assert connection is await next_waiting


async def test_room_given_to_a_call_that_is_cancelled_in_that_moment_is_not_lost() -> None:
    async with _serving(_answer) as server, _pool(server) as pool:
        connection = await pool.fresh()
        waiting = asyncio.create_task(pool.fresh())
        await asyncio.sleep(0)  # it waits
        connection.close()
        pool.give_back(connection)
        await _cancelled(waiting)

        assert connection is not await pool.fresh()


async def test_room_for_a_connection_that_could_not_be_made_is_for_the_next() -> None:
    async with _serving(_answer) as server, _calling(server) as caller:
        refused = DirectCaller("http://127.0.0.1:9", LIMITS)
        replies = await asyncio.gather(*(refused.post("/", b"{}", {}) for _ in range(5)))
        assert [NotSent] * 5 == [type(reply) for reply in replies]
        assert await caller.post("/", b"{}", {}) == MADE


async def test_a_connection_that_ended_on_its_way_to_who_waited_is_not_used() -> None:
    async with _serving(_answer) as server, _pool(server) as pool:
        connection = await pool.fresh()
        waiting = asyncio.create_task(pool.fresh())
        await asyncio.sleep(0)  # it waits
        pool.give_back(connection)
        server.act(lambda theirs: theirs.shutdown(socket.SHUT_WR))
        other = await waiting

        assert other is not connection
        assert other.usable


@asynccontextmanager
async def _pool(server: Server) -> AsyncIterator[Pool]:
    """Room for one connection, and the server has seen it."""

    async def connect() -> Connection:
        seen = len(server.writers)
        _, connection = await asyncio.get_running_loop().create_connection(
            lambda: Connection(1000), "127.0.0.1", server.port
        )
        await _eventually(lambda: len(server.writers) > seen)
        return connection

    pool = Pool(connect, limit=1)
    try:
        yield pool
    finally:
        await pool.aclose()


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def _unread(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await asyncio.get_running_loop().create_future()


async def _silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _number: int) -> None:
    await reader.readexactly(1)


async def _half_a_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await reader.readexactly(1)


async def _half_a_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc")
    await reader.readexactly(1)


@pytest.mark.parametrize("stage", [_silence, _half_a_head, _half_a_body])
async def test_a_call_that_is_cancelled_takes_its_connection_with_it_and_leaves_its_room(
    stage: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.pool.IDLE", 1000)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        await (stage if number == 1 else _answer)(reader, writer, number)

    tasks = asyncio.all_tasks()
    async with _serving(answer) as server, _calling(server) as caller:
        call = asyncio.create_task(caller.post("/", b"{}", {}))
        await _eventually(lambda: len(server.paths) == 1)
        await _cancelled(call)
        await server.left()
        assert await caller.post("/", b"{}", {}) == MADE

    assert tasks == asyncio.all_tasks()


async def test_a_call_that_is_cancelled_while_nobody_reads_it_leaves_nothing_behind() -> None:
    async with listener(_unread) as port, DirectCaller(f"http://127.0.0.1:{port}", LIMITS) as caller:
        call = asyncio.create_task(caller.post("/", LARGE, {}))
        await _eventually(lambda: bool(examples.leading_to(port)))
        await _cancelled(call)
        await _eventually(lambda: not examples.leading_to(port))


async def test_a_call_that_is_cancelled_while_it_connects_leaves_nothing_behind() -> None:
    """The listener's queue is full, so that connecting takes for ever."""
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        for waiting in (first, second):
            waiting.settimeout(0)
            waiting.connect_ex(address)
        tasks, others = asyncio.all_tasks(), len(examples.leading_to(address[1]))
        async with DirectCaller(f"http://127.0.0.1:{address[1]}", LIMITS) as caller:
            call = asyncio.create_task(caller.post("/", b"{}", {}))
            await _eventually(lambda: len(examples.leading_to(address[1])) > others)
            await _cancelled(call)
            await _eventually(lambda: len(examples.leading_to(address[1])) == others)

        assert tasks == asyncio.all_tasks()


async def test_an_answer_that_trickles_is_given_up_when_the_call_has_taken_its_time() -> None:
    async def trickle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _number: int) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nx: ")
        while not reader.at_eof():
            writer.write(b"y")
            with suppress(TimeoutError):
                async with asyncio.timeout(0.02):
                    await reader.readexactly(1)

    timeout = timedelta(milliseconds=300)
    async with _serving(trickle) as server, _calling(server, timeout=timeout) as caller:
        assert Unanswered(cause="TimeoutError: no answer in time") == await caller.post("/", b"{}", {})
        await server.left()


async def test_among_calls_that_come_and_are_cancelled_at_any_moment_each_has_its_own_answer_or_none() -> None:
    async def echo(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
        body = server.paths[number - 1].encode()
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body))

    ends = Counter[str]()
    async with _serving(echo) as server, _calling(server, connections=2) as caller:

        async def call(number: int) -> None:
            reply = await caller.post(f"/{number}", b"{}", {})
            assert Answered(status=200, body=f"/{number}") == reply
            ends["answered"] += 1

        calls = [asyncio.create_task(call(number)) for number in range(300)]
        for number, each in enumerate(calls):
            if number % 3 == 0:
                each.cancel()
                await asyncio.sleep(0)  # so that each is cancelled at another moment
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert {None, asyncio.CancelledError} >= {None if end is None else type(end) for end in ended}
        assert ends["answered"] >= 200
        assert await caller.post("/last", b"{}", {}) == Answered(status=200, body="/last")
