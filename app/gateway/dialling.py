"""How a connection to the Gateway is made: each address with a head start on the next, TLS with verification."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from functools import partial
from ipaddress import ip_address
from itertools import chain, zip_longest
from pathlib import Path

import httpx

from app.gateway.connection import Connection

HEAD_START = 0.25  # seconds that an address has before the next is tried beside it (RFC 8305)

_PORTS = {"http": 80, "https": 443}


class Dialler:
    """Connects to where a base URL leads, and speaks TLS there where it says so."""

    def __init__(self, base_url: str, ca_file: Path | None, *, response_limit: int) -> None:
        url = httpx.URL(base_url)
        self._host = url.raw_host.decode("ascii")
        self._port = url.port or _PORTS[url.scheme]
        self._tls = _verifying(ca_file) if url.scheme == "https" else None
        self._new = partial(Connection, response_limit)

    async def connect(self) -> Connection:
        """A connection on which nothing was sent yet. Raises OSError, ssl.SSLError among them."""
        match await addresses(self._host, self._port):
            case [address]:
                return await self._connect_to(address)
            case several:
                return await self._race(several)

    async def _race(self, found: Sequence[str]) -> Connection:
        """Connect to the first that answers. uvloop has no such race of its own, and without it an address that
        swallows everything would take all the time there is for connecting.
        """
        untried = iter(found)
        attempts = set[asyncio.Task[Connection]]()
        error: BaseException = OSError(f"{self._host} has no address")
        try:
            while True:
                if address := next(untried, None):
                    attempts.add(asyncio.create_task(self._connect_to(address)))
                elif not attempts:
                    raise error
                patience = HEAD_START if address else None
                done, _ = await asyncio.wait(attempts, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
                for attempt in done:
                    attempts.remove(attempt)
                    if (failure := attempt.exception()) is None:
                        return attempt.result()
                    error = failure
        finally:
            for attempt in attempts:
                attempt.cancel()
                attempt.add_done_callback(_close)

    async def _connect_to(self, address: str) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(
            self._new, address, self._port, ssl=self._tls, server_hostname=self._host if self._tls else None
        )
        return connection


def _verifying(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file) if ca_file else httpx.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


async def addresses(host: str, port: int) -> list[str]:
    """Where a host is, in the resolver's order, but with the two families taking turns."""
    if _is_address(host):
        return [host]
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return in_turns([(family, str(address[0])) for family, *_, address in found])


def in_turns(found: Sequence[tuple[int, str]]) -> list[str]:
    """Addresses with their families: in their order, but no family's second before the other's first."""
    first = [address for family, address in found if family == found[0][0]]
    others = [address for family, address in found if family != found[0][0]]
    return [address for address in chain(*zip_longest(first, others)) if address]


def _is_address(host: str) -> bool:
    try:
        return bool(ip_address(host))
    except ValueError:
        return False


def _close(attempt: asyncio.Task[Connection]) -> None:
    """Let go of a connection that was made though another was quicker."""
    if not attempt.cancelled() and attempt.exception() is None:
        attempt.result().close()
