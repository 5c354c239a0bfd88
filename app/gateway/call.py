"""One call to the Gateway, and what is known after it: above all, whether a byte of it can have arrived."""

import asyncio
import ssl
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from app.domain.outcome import Answered, NotSent, Unanswered

# What httpx raises before the first byte of a request is written. Everything else may have come after it.
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on every call. `timeout` is for all of it, `response_limit` in bytes."""

    timeout: timedelta
    connect_timeout: timedelta
    connections: int
    response_limit: int


class Caller:
    """Posts JSON to the Gateway through a transport given from outside. Follows no redirect and keeps no cookie:
    there is no client between us and the transport that could.
    """

    def __init__(self, base_url: str, limits: Limits, transport: httpx.AsyncBaseTransport) -> None:
        self._base_url = base_url.rstrip("/")
        self._limits = limits
        self._transport = transport
        seconds, connect = limits.timeout.total_seconds(), limits.connect_timeout.total_seconds()
        self._timeouts = httpx.Timeout(seconds, connect=connect, pool=connect).as_dict()

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answered | NotSent | Unanswered:
        """Post a body once. Raises nothing but CancelledError."""
        request = httpx.Request(
            "POST",
            self._base_url + path,
            headers={"content-type": "application/json", "accept-encoding": "identity", **headers},
            content=body,
            extensions={"timeout": self._timeouts},
        )
        deadline = asyncio.get_running_loop().time() + self._limits.timeout.total_seconds()
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._transport.handle_async_request(request)
        except _NOTHING_SENT as error:
            return NotSent(cause=_cause(error))
        except (httpx.TransportError, TimeoutError, OSError) as error:
            return Unanswered(cause=_cause(error))
        return Answered(
            status=response.status_code,
            body=await self._read(response, deadline),
            retry_after=response.headers.get("retry-after"),
        )

    async def _read(self, response: httpx.Response, deadline: float) -> str:
        """What can be had of the body within the limits. The status is known, so nothing here changes the outcome."""
        received = bytearray()
        try:
            with suppress(Exception):  # whatever befalls the rest of the answer must not hide its status
                async with asyncio.timeout_at(deadline):
                    async for chunk in response.aiter_raw():
                        received += chunk
                        if len(received) > self._limits.response_limit:
                            break
        finally:
            with suppress(Exception):  # as above
                await response.aclose()
        return received[: self._limits.response_limit].decode("utf-8", "replace")


def http_transport(limits: Limits, ca_file: Path | None) -> httpx.AsyncBaseTransport:
    """The transport of httpx itself, with verification of certificates, against `ca_file` where one is given."""
    verify: Any = ssl.create_default_context(cafile=ca_file) if ca_file else True
    return httpx.AsyncHTTPTransport(
        verify=verify,
        trust_env=False,
        limits=httpx.Limits(max_connections=limits.connections + 1, max_keepalive_connections=limits.connections + 1),
    )


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
