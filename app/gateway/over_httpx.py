"""Calls through a transport of httpx given from outside."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import httpx

from app.domain.outcome import Answered, NotSent, Unanswered
from app.gateway.call import Limits, cause
from app.gateway.request import refuse_smuggling

# What a transport may raise only before the first byte of a request is written, by the meaning that httpx gives to it.
# Everything else may have come after it.
_NOTHING_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)

_ALWAYS = {
    "content-type": "application/json",
    "accept-encoding": "identity",
    # No transport tells whether bytes came behind an answer: the next call on its connection would take them for its
    # own, and count as made though it was refused.
    "connection": "close",
}


class TransportCaller:
    """A Caller for the Gateway at `base_url`. There is no client of httpx between us and the transport that could
    follow redirects or keep cookies. Not every transport can be given: pyreqwest's raises ConnectError for requests
    that were read as well, and each would be made twice.
    """

    def __init__(self, base_url: str, limits: Limits, transport: httpx.AsyncBaseTransport) -> None:
        self._base_url = base_url.rstrip("/")
        self._limits = limits
        self._transport = transport
        seconds, connect = limits.timeout.total_seconds(), limits.connect_timeout.total_seconds()
        self._timeouts = httpx.Timeout(seconds, connect=connect, pool=connect).as_dict()

    async def __aenter__(self) -> Self:
        await self._transport.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._transport.__aexit__(kind, error, trace)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answered | NotSent | Unanswered:
        """As a Caller does."""
        try:
            request = self._request(path, body, headers)
        except (ValueError, httpx.InvalidURL) as error:
            return NotSent(cause=cause(error))
        deadline = asyncio.get_running_loop().time() + self._limits.timeout.total_seconds()
        try:
            async with asyncio.timeout_at(deadline):
                response = await self._transport.handle_async_request(request)
        except _NOTHING_SENT as error:
            return NotSent(cause=cause(error))
        except Exception as error:  # noqa: BLE001 - whatever it is, a part of the request may be under way
            return Unanswered(cause=cause(error))
        return Answered(
            status=response.status_code,
            body=await self._read(response, deadline),
            retry_after=response.headers.get("retry-after"),
        )

    def _request(self, path: str, body: bytes, headers: dict[str, str]) -> httpx.Request:
        for name, value in headers.items():
            refuse_smuggling(name, value)
        return httpx.Request(
            "POST",
            self._base_url + path,
            headers=_ALWAYS | headers,
            content=body,
            extensions={"timeout": self._timeouts},
        )

    async def _read(self, response: httpx.Response, deadline: float) -> str:
        """What can be had of the body within the limits. The status is known, so nothing here changes the outcome."""
        received = bytearray()
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
                await response.aclose()
        return received[: self._limits.response_limit].decode("utf-8", "replace")
