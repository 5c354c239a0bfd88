"""Calls to the Gateway over real sockets: what is known after each, and one token for everybody."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from contextvars import ContextVar
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import anyio
import httpx
import pytest

from app.domain.outcome import Answered, NotSent, Reply, Unanswered
from app.gateway.call import Caller, Limits
from app.gateway.client import NO_TOKEN, TOO_LATE, Gateway
from app.gateway.direct import DirectCaller
from app.gateway.over_httpx import TransportCaller
from app.gateway.service_token import Credentials, ServiceToken
from app.sandbox.http_server import Request, Response, http_server
from app.sandbox.listener import Conversation, listener
from app.sandbox.misbehaviour import Misbehaviour, answer_twice, hang, reset, too_long
from tests import examples
from tests.examples import Running

ID = UUID(int=1)
BODY = examples.entry().decision.contributions[0].body
LIMITS = Limits(
    timeout=timedelta(seconds=30), connect_timeout=timedelta(seconds=5), connections=200, response_limit=100_000
)
LARGE = b"x" * 50_000_000  # more than the system takes from us before anybody reads it
IMPATIENT = Limits(
    timeout=timedelta(milliseconds=200), connect_timeout=timedelta(seconds=5), connections=2, response_limit=100_000
)


NETWORKS: dict[str, Callable[[str, Limits], DirectCaller | TransportCaller]] = {
    "own": DirectCaller,
    "httpx": lambda url, limits: TransportCaller(url, limits, httpx.AsyncHTTPTransport(trust_env=False)),
}
_network: ContextVar[str] = ContextVar("network")


@pytest.fixture(params=NETWORKS, autouse=True)
async def _on_each_network(request: pytest.FixtureRequest) -> None:
    """Whichever way the calls go, the same is known after them."""
    _network.set(request.param)


@asynccontextmanager
async def _caller(url: str, limits: Limits = LIMITS) -> AsyncIterator[Caller]:
    async with NETWORKS[_network.get()](url, limits) as caller:
        yield caller


@asynccontextmanager
async def _client(url: str, *, password: str = examples.PASSWORD) -> AsyncIterator[Gateway]:
    """A client whose token is being kept, as in the service."""
    async with _caller(url) as caller:
        credentials = Credentials(username=examples.USERNAME, password=password, path="/authenticate/service")
        token = ServiceToken(caller, credentials, jitter=lambda: 0.0)
        keeping = asyncio.create_task(token.keep())
        try:
            yield Gateway(caller, token, contribute_path="/jackpots/contribute/source")
        finally:
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)


async def _authenticated(client: Gateway) -> None:
    async def look() -> bool:
        return client.authenticated

    await examples.eventually(look)


async def _post(
    answer: Callable[[Request], Awaitable[Response]], limits: Limits = LIMITS
) -> Answered | NotSent | Unanswered:
    async with (
        http_server(answer, host="127.0.0.1", port=0) as port,
        _caller(f"http://127.0.0.1:{port}", limits) as caller,
    ):
        return await caller.post("/", b"{}", {})


@asynccontextmanager
async def _listening(converse: Conversation) -> AsyncIterator[str]:
    async with listener(converse) as port:
        yield f"http://127.0.0.1:{port}"


def _misbehaving(misbehaviour: Misbehaviour) -> Callable[[Request], Awaitable[Response]]:
    async def handle(_: Request) -> Response:
        return Response(status=200, content={}, misbehaviour=misbehaviour)

    return handle


async def _raw(answer: bytes, limits: Limits = LIMITS) -> Answered | NotSent | Unanswered:
    """The reply to a server that reads a request, sends these bytes and closes."""

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await reader.read(2)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server, _caller(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", limits) as caller:
        return await caller.post("/", b"{}", {})


async def test_an_answer_is_told_with_its_status_body_and_retry_after() -> None:
    async def slow_down(_: Request) -> Response:
        return Response(status=429, content={"error": "slow_down"}, headers=(("Retry-After", "7"),))

    assert Answered(status=429, body='{"error": "slow_down"}', retry_after="7") == await _post(slow_down)


@pytest.mark.parametrize(
    ("path", "token"), [("/", "a\r\nx: y"), ("/", "a\nb"), ("/", "a\0b"), ("/", "ü"), ("/\r\nx: y", "a")]
)
async def test_what_no_request_can_carry_is_not_sent(path: str, token: str) -> None:
    asked = 0

    async def handle(_: Request) -> Response:
        nonlocal asked
        asked += 1
        return Response(status=200, content={})

    async with http_server(handle, host="127.0.0.1", port=0) as port, _caller(f"http://127.0.0.1:{port}") as caller:
        assert isinstance(await caller.post(path, b"{}", {"authorization": token}), NotSent)
        assert isinstance(await caller.post("/", b"{}", {"authorization": "a"}), Answered)

    assert asked == 1


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    asked = list[str]()

    async def redirect(request: Request) -> Response:
        asked.append(request.path)
        return Response(status=307, content={}, headers=(("Location", "/elsewhere"),))

    assert Answered(status=307, body="{}") == await _post(redirect)
    assert asked == ["/"]


async def test_a_refused_connection_sent_nothing() -> None:
    async with _caller("http://127.0.0.1:9") as caller:
        assert isinstance(await caller.post("/", b"{}", {}), NotSent)


async def test_an_unknown_host_sent_nothing() -> None:
    async with _caller("http://gateway.invalid") as caller:
        assert isinstance(await caller.post("/", b"{}", {}), NotSent)


async def test_a_failed_tls_handshake_sent_nothing() -> None:
    async def converse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server, _caller(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as caller:
        assert isinstance(await caller.post("/", b"{}", {}), NotSent)


async def test_no_answer_in_time_may_have_arrived() -> None:
    assert isinstance(await _post(_misbehaving(hang), IMPATIENT), Unanswered)


async def test_a_reset_after_the_request_may_have_arrived() -> None:
    assert isinstance(await _post(_misbehaving(reset)), Unanswered)


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200", b"HTTP/1.1 200 OK\r\ncontent-le"])
async def test_what_is_not_an_answer_may_have_arrived(answer: bytes) -> None:
    assert isinstance(await _raw(answer), Unanswered)


@pytest.mark.parametrize("body", [b"cut", b""])
async def test_a_status_counts_though_its_body_is_cut_off(body: bytes) -> None:
    reply = await _raw(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n" + body)

    assert Answered(status=200, body=body.decode()) == reply


async def test_a_status_counts_though_its_body_never_ends() -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nslow")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    async with server, _caller(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", IMPATIENT) as caller:
        assert Answered(status=200, body="slow") == await caller.post("/", b"{}", {})


async def _breaking_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readexactly(1)
    await reset(reader, writer, b"")


async def _turning_away(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reset(_reader, writer, b"")


async def test_a_request_that_nobody_reads_may_have_arrived() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        async with _caller(f"http://127.0.0.1:{listener.getsockname()[1]}", IMPATIENT) as caller:
            assert isinstance(await caller.post("/", LARGE, {}), Unanswered)


@pytest.mark.parametrize("converse", [_breaking_in, _turning_away])
async def test_a_request_that_was_not_written_whole_may_have_arrived(
    converse: Conversation,
) -> None:
    async with _listening(converse) as url, _caller(url) as caller:
        assert isinstance(await caller.post("/", LARGE, {}), Unanswered)


async def test_an_answer_that_came_before_the_request_was_written_whole_counts() -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n")
        while await reader.read(1_000_000):
            pass

    async with _listening(converse) as url, _caller(url) as caller:
        assert Answered(status=413) == await caller.post("/", LARGE, {})


@pytest.mark.parametrize("misbehaviour", [answer_twice, too_long])
async def test_what_came_behind_an_answer_is_not_taken_for_the_answer_to_the_next_call(
    misbehaviour: Misbehaviour,
) -> None:
    """Else a call that was refused would count as made, or one that was made would be repeated."""
    answers = [Response(status=429, content=1, misbehaviour=misbehaviour), Response(status=200, content=2)]

    async def handle(_: Request) -> Response:
        return answers.pop(0)

    async with http_server(handle, host="127.0.0.1", port=0) as port, _caller(f"http://127.0.0.1:{port}") as caller:
        replies = [await caller.post("/", b"{}", {}) for _ in range(2)]

    assert [429, 200] == [reply.status for reply in replies if isinstance(reply, Answered)]


async def test_each_of_many_calls_at_once_has_its_own_answer_though_all_are_answered_twice() -> None:
    async def handle(request: Request) -> Response:
        return Response(status=200, content=request.path, misbehaviour=answer_twice)

    limits = replace(LIMITS, connections=3)
    async with (
        http_server(handle, host="127.0.0.1", port=0) as port,
        _caller(f"http://127.0.0.1:{port}", limits) as caller,
    ):
        replies = await asyncio.gather(*(caller.post(f"/{number}", b"{}", {}) for number in range(100)))

    assert [f'"/{number}"' for number in range(100)] == [reply.body for reply in replies if isinstance(reply, Answered)]


class _Surprising(httpx.AsyncBaseTransport):
    """A transport that fails as none should."""

    async def handle_async_request(self, _request: httpx.Request) -> httpx.Response:
        raise RuntimeError("no")


async def test_what_no_transport_should_raise_may_have_arrived() -> None:
    assert Unanswered(cause="RuntimeError: no") == await TransportCaller("http://gateway", LIMITS, _Surprising()).post(
        "/", b"", {}
    )


async def test_a_connection_that_was_idle_for_long_is_not_used_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """The Gateway may be closing it at that very moment, and what became of the call would be unknown."""
    monkeypatch.setattr("app.gateway.pool.IDLE", 0.0)
    connections = 0

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while await reader.read(65536):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")

    async with _listening(converse) as url, _caller(url) as caller:
        for _ in range(3):
            assert Answered(status=200) == await caller.post("/", b"", {})

    assert connections == 3


class _WontClose(httpx.AsyncBaseTransport, httpx.AsyncByteStream):
    """A transport whose answers cannot be closed in order."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=self, request=request)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"{}"

    async def aclose(self) -> None:
        raise RuntimeError("no")


async def test_a_status_counts_though_its_connection_will_not_close() -> None:
    assert Answered(status=200, body="{}") == await TransportCaller("http://gateway", LIMITS, _WontClose()).post(
        "/", b"{}", {}
    )


async def test_of_a_huge_body_no_more_is_read_than_the_limit() -> None:
    async def flood(_: Request) -> Response:
        return Response(status=200, content="x" * 10_000_000)

    assert Answered(status=200, body='"' + "x" * (LIMITS.response_limit - 1)) == await _post(flood)


async def test_a_long_token_is_taken_whole() -> None:
    long = "t" * 50_000
    used = list[str]()

    async def verbose(request: Request) -> Response:
        used.append(request.headers.get("authorization", ""))
        return Response(status=200, content={"token": long})

    async with http_server(verbose, host="127.0.0.1", port=0) as port, _client(f"http://127.0.0.1:{port}") as client:
        await _authenticated(client)
        await client.contribute(ID, BODY)

    assert used == ["", f"Bearer {long}"]


async def test_a_listener_that_takes_no_connection_was_sent_nothing() -> None:
    """Its queue is full, so that connecting takes for ever."""
    with socket.socket() as listener, ExitStack() as queue:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        address = listener.getsockname()
        for _ in range(3):
            waiting = queue.enter_context(socket.socket())
            waiting.settimeout(0)
            waiting.connect_ex(address)
        limits = replace(LIMITS, connect_timeout=timedelta(milliseconds=200))
        async with _caller(f"http://127.0.0.1:{address[1]}", limits) as caller:
            assert isinstance(await caller.post("/", b"{}", {}), NotSent)


async def test_a_contribution_carries_its_token_and_id_and_the_very_bytes_recorded(gateway: Running) -> None:
    async with _client(gateway.url) as client:
        await _authenticated(client)
        reply = await client.contribute(ID, BODY)

    assert Answered(status=200, body='{"status": "contributed"}') == reply
    (call,) = gateway.simulator.account.calls
    assert (str(ID), "bet-1", "2.50") == (call.idempotency_key, call.event_id, call.base_wager)


async def test_without_a_token_nothing_is_sent(gateway: Running) -> None:
    async with _client(gateway.url, password="wrong") as client:
        assert NO_TOKEN == await client.contribute(ID, BODY)

    assert gateway.simulator.account.calls == []


async def test_what_may_not_be_sent_any_more_is_not(gateway: Running) -> None:
    async with _client(gateway.url) as client:
        await _authenticated(client)

        assert TOO_LATE == await client.contribute(ID, BODY, may_send=lambda: False)

    assert gateway.simulator.account.calls == []


async def test_what_may_not_be_sent_any_more_when_the_new_token_is_here_is_not_repeated(gateway: Running) -> None:
    """The wait for a token may outlast the lease, where the database cannot be reached to renew it."""
    may_send = iter((True, False))
    async with _client(gateway.url) as client:
        await _authenticated(client)
        gateway.simulator.revoke_tokens()

        assert TOO_LATE == await client.contribute(ID, BODY, may_send=lambda: next(may_send))

    assert [401] == [int(call.answer) for call in gateway.simulator.account.calls]


async def test_a_refused_token_is_replaced_once_for_all_waiting_calls(gateway: Running) -> None:
    asked = 0
    handle = gateway.simulator.handle

    async def counting(request: Request) -> Response:
        nonlocal asked
        asked += request.path == "/authenticate/service"
        return await handle(request)

    async with http_server(counting, host="127.0.0.1", port=0) as port, _client(f"http://127.0.0.1:{port}") as client:
        await _authenticated(client)
        await client.contribute(ID, BODY)
        gateway.simulator.revoke_tokens()
        replies = await asyncio.gather(*(client.contribute(UUID(int=number), BODY) for number in range(2, 102)))

    assert {200} == {reply.status for reply in replies if isinstance(reply, Answered)}
    assert asked == 2


async def test_a_call_that_a_fresh_token_does_not_help_keeps_no_other_from_going(gateway: Running) -> None:
    """The Gateway may answer 401 for what is in one contribution: a player's session, say."""
    handle = gateway.simulator.handle

    async def particular(request: Request) -> Response:
        if request.headers.get("idempotency-key") == str(ID):
            return Response(status=401, content={"error": "session_expired"})
        return await handle(request)

    async with http_server(particular, host="127.0.0.1", port=0) as port, _client(f"http://127.0.0.1:{port}") as client:
        await _authenticated(client)
        refused, *others = await asyncio.gather(*(client.contribute(UUID(int=number), BODY) for number in range(1, 21)))
        assert client.authenticated

    assert refused == Answered(status=401, body='{"error": "session_expired"}')
    assert [200] * 19 == [reply.status for reply in others if isinstance(reply, Answered)]


async def test_while_no_new_token_is_to_be_had_a_refused_call_was_not_sent(
    gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.client.PATIENCE", 0.2)
    async with _client(gateway.url) as client:
        await _authenticated(client)
        gateway.simulator.faults = gateway.simulator.faults.changed({"authentication_down": True})
        gateway.simulator.revoke_tokens()

        assert NO_TOKEN == await client.contribute(ID, BODY)


async def test_a_gateway_that_is_down_at_start_is_asked_until_it_is_up(gateway: Running) -> None:
    gateway.simulator.faults = gateway.simulator.faults.changed({"authentication_down": True})
    async with _client(gateway.url) as client:
        assert NO_TOKEN == await client.contribute(ID, BODY)
        gateway.simulator.faults = gateway.simulator.faults.changed({"authentication_down": False})
        await _authenticated(client)


@pytest.mark.parametrize(
    "content", [{}, {"token": 1}, {"token": ""}, {"token": "line\nbreak"}, {"token": "space "}, ["token"]]
)
async def test_an_answer_without_a_usable_token_is_no_token(content: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.gateway.service_token.RETRY_BASE", timedelta())
    asked, asked_again = 0, anyio.Event()

    async def odd(_: Request) -> Response:
        nonlocal asked
        asked += 1
        if asked > 1:
            asked_again.set()
        return Response(status=200, content=content)

    async with http_server(odd, host="127.0.0.1", port=0) as port, _client(f"http://127.0.0.1:{port}") as client:
        with anyio.fail_after(examples.DEADLINE):
            await asked_again.wait()
        reply: Reply = await client.contribute(ID, BODY)

    assert NO_TOKEN == reply
