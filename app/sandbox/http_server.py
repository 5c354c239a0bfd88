"""A small HTTP/1.1 server over raw sockets, so that a simulated Gateway can misbehave as no framework allows."""

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Any

import httptools


@dataclass(slots=True)
class Request:
    """A request, complete. Header names are in lower case."""

    method: str = ""
    path: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer with a JSON body."""

    status: int
    content: Any
    headers: tuple[tuple[str, str], ...] = ()


class Misbehaviour(Enum):
    """Instead of an answer."""

    HANG = "hang"  # never answers
    RESET = "reset"  # cuts the connection with a reset


Handler = Callable[[Request], Awaitable[Response | Misbehaviour]]


@asynccontextmanager
async def http_server(handler: Handler, *, host: str, port: int) -> AsyncIterator[int]:
    """Serve until the context ends. Gives the port, which the system chose where `port` is 0."""
    connections = set[asyncio.Task[None]]()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(_converse(handler, reader, writer))
        connections.add(task)
        task.add_done_callback(connections.discard)

    server = await asyncio.start_server(connected, host, port, backlog=1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


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
    with suppress(ConnectionError, httptools.HttpParserError), closing(writer):
        while data := await reader.read(65536):
            parser.feed(data)
            while parser.complete:
                match await handler(parser.complete.pop(0)):
                    case Response() as response:
                        writer.write(_encode(response))
                        await writer.drain()
                    case Misbehaviour.HANG:
                        await reader.read()  # until the caller gives up
                        return
                    case Misbehaviour.RESET:
                        _reset(writer)
                        return


def _encode(response: Response) -> bytes:
    body = json.dumps(response.content).encode()
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        "content-type: application/json",
        f"content-length: {len(body)}",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def _reset(writer: asyncio.StreamWriter) -> None:
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no linger: RST, not FIN
    writer.transport.abort()
