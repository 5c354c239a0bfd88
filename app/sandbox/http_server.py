"""A small HTTP/1.1 server over raw sockets, so that a simulated Gateway can misbehave as no framework allows."""

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from http.client import responses
from typing import Any

import httptools

from app.sandbox.listener import listener
from app.sandbox.misbehaviour import Misbehaviour

BODILESS = frozenset({204, 304})


@dataclass(slots=True)
class Request:
    """A request, complete. Header names are in lower case."""

    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer with a JSON body, and what is done with it, where that is not simply to send it."""

    status: int
    content: Any
    headers: tuple[tuple[str, str], ...] = ()
    misbehaviour: Misbehaviour | None = None


Handler = Callable[[Request], Awaitable[Response]]


@asynccontextmanager
async def http_server(
    handler: Handler, *, host: str, port: int, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Serve until the context ends. Gives the port, which the system chose where `port` is 0."""
    async with listener(partial(_converse, handler), host=host, port=port, tls=tls) as bound:
        yield bound


class _Parser:
    """Collects what httptools reports into requests."""

    def __init__(self) -> None:
        self.complete: list[Request] = []
        self._request = Request()
        self._parser = httptools.HttpRequestParser(self)

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_begin(self) -> None:
        self._request = Request()

    def on_url(self, url: bytes) -> None:
        self._request.path += url.decode("latin-1")

    def on_header(self, name: bytes, value: bytes) -> None:
        self._request.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self._request.body += body

    def on_message_complete(self) -> None:
        self._request.method = self._parser.get_method().decode("ascii")
        self.complete.append(self._request)


async def _converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    parser = _Parser()
    with suppress(httptools.HttpParserError):
        while data := await reader.read(65536):
            parser.feed(data)
            while parser.complete:
                await _answer(await handler(parser.complete.pop(0)), reader, writer)


async def _answer(response: Response, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if response.misbehaviour:
        await response.misbehaviour(reader, writer, _encode(response))
    else:
        writer.write(_encode(response))
        await writer.drain()


def _encode(response: Response) -> bytes:
    body = b"" if response.status in BODILESS else json.dumps(response.content).encode()
    lines = [
        f"HTTP/1.1 {response.status} {responses.get(response.status, '')}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body
