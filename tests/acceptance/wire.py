"""Requests as bytes over sockets, for what no HTTP client does: stop half-way, hang up, keep silent."""

import asyncio
import json
import socket
import struct
from dataclasses import dataclass
from typing import Any

import anyio
import httpx

from tests import examples

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a service listens."""

    port: int
    host: str = "127.0.0.1"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def connect(self) -> Stream:
        return await asyncio.open_connection(self.host, self.port)


GET_LIVE = b"GET /health/live HTTP/1.1\r\nhost: service\r\n\r\n"


def post(fields: dict[str, Any]) -> bytes:
    """A whole request that posts a bet."""
    return post_body("/events/bet", json.dumps(fields).encode())


def post_body(path: str, body: bytes) -> bytes:
    """A whole request that posts a body, signed."""
    headers = examples.signed(body) | {"host": "service", "content-length": str(len(body))}
    return f"POST {path} HTTP/1.1\r\n".encode() + _lines(headers) + b"\r\n" + body


def _lines(headers: dict[str, str]) -> bytes:
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode()


async def answer(reader: asyncio.StreamReader) -> httpx.Response:
    """The next answer. Raises what a client sees that gets none: ConnectionError, IncompleteReadError."""
    with anyio.fail_after(examples.DEADLINE):
        head, _, _ = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        content = await reader.readexactly(int(headers["content-length"]))
    return httpx.Response(int(status.split()[1]), headers=headers, content=content)


async def hung_up(reader: asyncio.StreamReader) -> bool:
    """Wait for the end of what the service sends: True when that was nothing."""
    with anyio.fail_after(examples.DEADLINE):
        try:
            return not await reader.read()
        except ConnectionError:
            return True


async def reset(writer: asyncio.StreamWriter) -> None:
    """Hang up as a client does that has died."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
