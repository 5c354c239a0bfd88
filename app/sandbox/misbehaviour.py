"""Ways to misbehave towards whoever waits for an answer: each has the connection, and what was to be answered."""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable

PAUSE = 0.05  # seconds between the bytes of what is slow
FLOOD = 64 * 1024 * 1024  # bytes
AMISS = 7  # bytes by which a wrong length is wrong

Misbehaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter, bytes], Awaitable[None]]


async def hang(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter, _answer: bytes) -> None:
    """Say nothing until the caller gives up."""
    while await reader.read(65536):
        pass


async def close(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _answer: bytes) -> None:
    """Close the connection in order, as if that were an answer."""
    writer.close()


async def hang_up(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Answer, and close the connection, though nothing in the answer says so."""
    writer.write(answer)
    writer.close()


async def answer_twice(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Answer, and answer once more what nobody asked."""
    writer.write(answer + answer)


async def reset(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _answer: bytes) -> None:
    """Cut the connection."""
    connection: socket.socket = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # no linger: RST, not FIN
    writer.transport.abort()


async def cut_head(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Cut the connection within the headers, after the status line."""
    head, _ = _parts(answer)
    writer.write(head[: head.index(b"\r\n") + 10])
    await reset(reader, writer, answer)


async def cut_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Close the connection half-way through the body."""
    head, body = _parts(answer)
    writer.write(head + body[: len(body) // 2])
    writer.close()


async def slow_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Send the status line, and then a header byte by byte, for ever."""
    head, _ = _parts(answer)
    writer.write(head[: head.index(b"\r\n") + 2] + b"x-slow: ")
    await _trickle(writer)


async def slow_body(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Send the headers, and then a body byte by byte, for as long as anybody waits."""
    head, _ = _parts(answer)
    writer.write(_with_length(head, FLOOD))
    await _trickle(writer)


async def garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, _answer: bytes) -> None:
    """Send something that is not HTTP, and close."""
    writer.write(b"\x00\xffERR wrong number of arguments\r\n\r\n")
    writer.close()


async def too_short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Promise more than is sent, and keep the connection open."""
    head, body = _parts(answer)
    writer.write(_with_length(head, len(body) + AMISS) + body)
    await hang(reader, writer, answer)


async def too_long(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Send more than is promised, and go on as if nothing were amiss."""
    head, body = _parts(answer)
    writer.write(_with_length(head, max(0, len(body) - AMISS)) + body)


async def flood(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: bytes) -> None:
    """Send a body of many megabytes."""
    head, _ = _parts(answer)
    writer.write(_with_length(head, FLOOD))
    block = b" " * 65536
    for _ in range(0, FLOOD, len(block)):
        writer.write(block)
        await writer.drain()


async def _trickle(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b".")
        await writer.drain()
        await asyncio.sleep(PAUSE)


def _parts(answer: bytes) -> tuple[bytes, bytes]:
    """Headers with the empty line after them, and body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return head + b"\r\n\r\n", body


def _with_length(head: bytes, length: int) -> bytes:
    before, _, after = head.partition(b"content-length: ")
    return before + b"content-length: %d\r\n" % length + after.partition(b"\r\n")[2]
