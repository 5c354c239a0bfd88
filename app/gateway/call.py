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

IDLE = timedelta(
    seconds=1
)  # longest rest of a connection that is used again: well below the 2 to 75 s of usual servers

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
        except Exception as error:  # noqa: BLE001 - whatever it is, a part of the request may be under way
            return Unanswered(cause=_cause(error))
        return Answered(
            status=response.status_code,
            body=await self._read(response, deadline),
            retry_after=response.headers.get("retry-after"),
        )

    async def _read(self, response: httpx.Response, deadline: float) -> str:
        """What can be had of the body within the limits. The status is known, so nothing here changes the outcome."""
        received = bytearray()
        # Not by httpx's aiter_raw, which would hand the connection on at its end, before `_close` has looked at it.
        body: Any = response.stream
        try:
            with suppress(Exception):  # whatever befalls the rest of the answer must not hide its status
                async with asyncio.timeout_at(deadline):
                    async for chunk in body:
                        received += chunk
                        if len(received) > self._limits.response_limit:
                            break
        finally:
            with suppress(Exception):  # as above
                await _close(response)
        return received[: self._limits.response_limit].decode("utf-8", "replace")


async def _close(response: httpx.Response) -> None:
    """Let go of an answer; and of its connection, where more bytes came than the answer has: the next call on it would
    take them for an answer of its own.
    """
    try:
        if _exceeded(response):
            await response.extensions["network_stream"].aclose()
    finally:
        await response.aclose()


def _exceeded(response: httpx.Response) -> bool:
    """Whether bytes came behind the answer. Of httpx and what is below it, only h11 can tell, at the bottom."""
    below: Any = response.stream
    for name in ("_httpcore_stream", "_stream", "_connection", "_h11_state"):
        below = getattr(below, name, None)
    return below is not None and bool(below.trailing_data[0])


def http_transport(limits: Limits, ca_file: Path | None) -> httpx.AsyncBaseTransport:
    """The transport of httpx itself, with verification of certificates, against `ca_file` where one is given."""
    verify: Any = ssl.create_default_context(cafile=ca_file) if ca_file else True
    connections = limits.connections + 1  # one to authenticate
    pool = httpx.Limits(
        max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=IDLE.total_seconds()
    )
    return httpx.AsyncHTTPTransport(verify=verify, trust_env=False, limits=pool)


def _cause(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
