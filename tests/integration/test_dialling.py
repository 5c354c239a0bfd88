"""How connections to the Gateway are made: TLS only with whom we trust, and any address that answers."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import trustme

from app.domain.outcome import Answered, NotSent
from app.gateway.call import Limits
from app.gateway.dialling import Dialler, addresses, in_turns
from app.gateway.direct import DirectCaller
from app.sandbox.listener import listener
from tests import examples

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"
MADE = Answered(status=200)
LIMITS = Limits(
    timeout=timedelta(seconds=30), connect_timeout=timedelta(seconds=20), connections=0, response_limit=1000
)
IMPATIENT = Limits(
    timeout=timedelta(seconds=30), connect_timeout=timedelta(milliseconds=300), connections=0, response_limit=1000
)


@pytest.fixture(scope="module", params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca_file(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


def _tls(authority: trustme.CA, *names: str, **options: Any) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert(*names, **options).configure_cert(context)
    return context


class Gateway:
    """Answers 200 to all, and notes what it was asked with, and how."""

    def __init__(self) -> None:
        self.heads = list[bytes]()
        self.protocols = list[str | None]()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if session := writer.get_extra_info("ssl_object"):
            self.protocols.append(session.selected_alpn_protocol())
        while (head := await reader.readuntil(b"\r\n\r\n")) and await reader.readexactly(2):
            self.heads.append(head)
            writer.write(OK)


@asynccontextmanager
async def _serving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> AsyncIterator[tuple[Gateway, int]]:
    gateway = Gateway()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError):
            await gateway.converse(reader, writer)

    async with listener(converse, host=host, tls=tls) as port:
        yield gateway, port


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_a_gateway_whose_certificate_is_good_is_called_and_its_connection_kept(
    authority: trustme.CA, ca_file: Path, host: str
) -> None:
    async with (
        _serving(_tls(authority, host)) as (gateway, port),
        DirectCaller(f"https://{host}:{port}/base", LIMITS, ca_file) as caller,
    ):
        assert [MADE] * 3 == [await caller.post("/x", b"{}", {}) for _ in range(3)]

    assert ["http/1.1"] == gateway.protocols
    assert gateway.heads[0].startswith(f"POST /base/x HTTP/1.1\r\nhost: {host}:{port}\r\n".encode())


async def test_a_gateway_at_an_address_of_ipv6_is_called(authority: trustme.CA, ca_file: Path) -> None:
    async with (
        _serving(_tls(authority, "::1"), host="::1") as (gateway, port),
        DirectCaller(f"https://[::1]:{port}", LIMITS, ca_file) as caller,
    ):
        assert await caller.post("/", b"{}", {}) == MADE

    assert f"host: [::1]:{port}\r\n".encode() in gateway.heads[0]


YESTERDAY = datetime.now(UTC) - timedelta(days=1)
REFUSED: dict[str, tuple[str, dict[str, Any]]] = {
    "another name": ("elsewhere.example", {}),
    "another address": ("127.0.0.2", {}),
    "expired": ("localhost", {"not_after": YESTERDAY}),
}


@pytest.mark.parametrize(("name", "options"), REFUSED.values(), ids=REFUSED.keys())
async def test_a_gateway_whose_certificate_is_not_good_is_sent_nothing(
    authority: trustme.CA, ca_file: Path, name: str, options: dict[str, Any]
) -> None:
    async with (
        _serving(_tls(authority, name, **options)) as (gateway, port),
        DirectCaller(f"https://localhost:{port}", LIMITS, ca_file) as caller,
    ):
        _refused(await caller.post("/", b"{}", {}))

    assert gateway.heads == []


@pytest.mark.parametrize("theirs", [True, False], ids=["another authority", "the usual authorities"])
async def test_a_gateway_whose_authority_is_not_trusted_is_sent_nothing(ca_file: Path, *, theirs: bool) -> None:
    async with (
        _serving(_tls(trustme.CA(), "localhost")) as (gateway, port),
        DirectCaller(f"https://localhost:{port}", LIMITS, ca_file if theirs else None) as caller,
    ):
        _refused(await caller.post("/", b"{}", {}))

    assert gateway.heads == []


def _refused(reply: object) -> None:
    assert isinstance(reply, NotSent)
    assert "CERTIFICATE_VERIFY_FAILED" in reply.cause


async def test_a_gateway_that_speaks_no_tls_is_sent_nothing(ca_file: Path) -> None:
    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    async with listener(converse) as port, DirectCaller(f"https://127.0.0.1:{port}", LIMITS, ca_file) as caller:
        assert isinstance(await caller.post("/", b"{}", {}), NotSent)


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


async def test_a_handshake_that_takes_too_long_is_given_up_with_nothing_sent(ca_file: Path) -> None:
    ended = asyncio.Event()

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _silent(reader, writer)
        ended.set()

    tasks = asyncio.all_tasks()
    async with (
        listener(converse) as port,
        DirectCaller(f"https://127.0.0.1:{port}", IMPATIENT, ca_file) as caller,
    ):
        assert isinstance(await caller.post("/", b"{}", {}), NotSent)
        await asyncio.wait_for(ended.wait(), examples.DEADLINE)

    assert tasks == asyncio.all_tasks()


@asynccontextmanager
async def _swallowing(port: int) -> AsyncIterator[None]:
    """At ::1 somebody listens whose queue is full, so that connecting takes for ever."""
    with socket.socket(socket.AF_INET6) as full, ExitStack() as queue:
        full.bind(("::1", port))
        full.listen(0)
        for _ in range(3):
            waiting = queue.enter_context(socket.socket(socket.AF_INET6))
            waiting.settimeout(0)
            waiting.connect_ex(("::1", port))
        yield


Resolving = Callable[..., None]


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> Resolving:
    """Makes every name be at these addresses."""

    def resolve(*hosts: str) -> None:
        async def found(_host: str, _port: int) -> list[str]:
            return list(hosts)

        monkeypatch.setattr("app.gateway.dialling.addresses", found)

    return resolve


async def test_an_address_that_swallows_everything_does_not_keep_from_the_next(
    resolving: Resolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.dialling.HEAD_START", 0.05)
    resolving("::1", "127.0.0.1")
    tasks = asyncio.all_tasks()
    async with _serving() as (_, port), _swallowing(port), _calling(port) as caller:
        assert await caller.post("/", b"{}", {}) == MADE
        await _gone(tasks)


async def test_an_address_that_refuses_is_followed_by_the_next_at_once(
    resolving: Resolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.dialling.HEAD_START", 1000)
    resolving("127.0.0.2", "::1", "127.0.0.1")
    async with _serving() as (_, port), _calling(port) as caller:
        assert await caller.post("/", b"{}", {}) == MADE


async def test_a_slow_address_still_counts_when_the_others_refuse(
    resolving: Resolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.dialling.HEAD_START", 0)
    resolving("127.0.0.1", "127.0.0.2", "::1")
    async with _serving() as (gateway, port), _calling(port) as caller:
        assert await caller.post("/", b"{}", {}) == MADE

    assert len(gateway.heads) == 1


async def test_where_every_address_refuses_nothing_was_sent(resolving: Resolving) -> None:
    resolving("127.0.0.2", "::1")
    async with _serving() as (gateway, port), _calling(port) as caller:
        reply = await caller.post("/", b"{}", {})

    assert isinstance(reply, NotSent)
    assert "ConnectionRefusedError" in reply.cause
    assert gateway.heads == []


async def test_of_two_connections_that_are_made_in_the_same_moment_one_is_kept(
    resolving: Resolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, connect = asyncio.Barrier(2), Dialler.__dict__["_connect_to"]

    async def together(dialler: Dialler, address: str) -> Any:
        connection = await connect(dialler, address)
        await made.wait()
        return connection

    monkeypatch.setattr("app.gateway.pool.IDLE", 1000)
    monkeypatch.setattr(Dialler, "_connect_to", together)
    monkeypatch.setattr("app.gateway.dialling.HEAD_START", 0)
    resolving("127.0.0.1", "127.0.0.1")
    async with _serving() as (_, port), _calling(port) as caller:
        assert await caller.post("/", b"{}", {}) == MADE

        async def look() -> bool:
            return len(examples.leading_to(port)) == 1

        await examples.eventually(look)


async def test_where_none_answers_in_time_nothing_was_sent_and_nothing_is_left(
    resolving: Resolving, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.gateway.dialling.HEAD_START", 0)
    resolving("::1", "::1")
    tasks = asyncio.all_tasks()
    async with _serving() as (_, port), _swallowing(port), _calling(port, IMPATIENT) as caller:
        assert isinstance(await caller.post("/", b"{}", {}), NotSent)
        await _gone(tasks)


async def test_a_name_that_is_nowhere_was_sent_nothing(resolving: Resolving) -> None:
    resolving()
    async with _calling(9) as caller:
        assert NotSent(cause="Connecting: OSError: gateway.example has no address") == await caller.post("/", b"", {})


async def test_no_resolver_is_asked_for_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("socket.getaddrinfo")

    assert ["::1"] == await addresses("::1", 80)


async def test_the_families_of_a_host_take_turns() -> None:
    six, four = socket.AF_INET6, socket.AF_INET
    found = [(six, "::1"), (six, "::2"), (six, "::3"), (four, "127.0.0.1"), (four, "127.0.0.2")]

    assert ["::1", "127.0.0.1", "::2", "127.0.0.2", "::3"] == in_turns(found)
    assert [] == in_turns([])


def _calling(port: int, limits: Limits = LIMITS) -> DirectCaller:
    return DirectCaller(f"http://gateway.example:{port}", limits)


async def _gone(tasks: set[asyncio.Task[Any]]) -> None:
    """Return when what was tried in vain is over."""

    async def look() -> bool:
        return {task for task in asyncio.all_tasks() if "_connect_to" in repr(task)} <= tasks

    await examples.eventually(look)
