"""Answers over a transport: head and body in one write, and none withheld for good."""

import asyncio
import errno

from app.cli.answering import AnsweringTransport


class Written(asyncio.Transport):
    """Keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__()
        self.writes = list[bytes]()

    def write(self, data: bytes) -> None:  # type: ignore[override]  # as asyncio's own transports do
        self.writes.append(data)


async def test_a_head_goes_with_its_body() -> None:
    written = Written()
    transport = AnsweringTransport(written, asyncio.get_running_loop())

    for _ in range(2):
        transport.await_head()
        transport.write(b"HTTP/1.1 202 Accepted\r\n\r\n")
        transport.write(b"body")

    assert [b"HTTP/1.1 202 Accepted\r\n\r\nbody"] * 2 == written.writes


async def test_an_interim_answer_is_not_withheld() -> None:
    written = Written()
    transport = AnsweringTransport(written, asyncio.get_running_loop())
    transport.await_head()
    transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    assert [b"HTTP/1.1 100 Continue\r\n\r\n"] == written.writes


async def test_a_head_without_a_body_is_not_lost_to_the_next_answer() -> None:
    """Else the client would take each answer for another's."""
    written = Written()
    transport = AnsweringTransport(written, asyncio.get_running_loop())
    for head in (b"HTTP/1.1 405 Not Allowed\r\n\r\n", b"HTTP/1.1 200 OK\r\n\r\n"):
        transport.await_head()
        transport.write(head)
    transport.write(b"body")

    assert b"".join(written.writes) == b"HTTP/1.1 405 Not Allowed\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody"


class Reset(Written):
    """Of a connection that the other side has reset, as asyncio's own transport is before the loop has noticed."""

    def is_closing(self) -> bool:
        return False

    def resume_reading(self) -> None:
        """Nothing comes."""

    def write_eof(self) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")


async def test_a_connection_that_is_gone_can_be_closed() -> None:
    """Else a service that stops at that moment ends with an error, and closes no other connection."""
    transport = AnsweringTransport(Reset(), asyncio.get_running_loop())

    transport.close()

    assert transport.is_closing()
    transport.lost()
