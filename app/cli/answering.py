"""A transport for answers: head and body go in one write, and closing waits until they have arrived, since what is
unread when a socket closes turns the close into a reset.
"""

import asyncio
from contextlib import suppress
from typing import Any

_HEADS = tuple(b"HTTP/1.1 %d" % kind for kind in range(2, 6))  # not of interim answers, after which nothing may come
LINGER = 2.0  # seconds that the other side has to read our last words and hang up


class AnsweringTransport:
    """A transport whose `close` says that no more will come, and waits for the other side to say so too; what it
    sends meanwhile has to be dropped.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._ending: asyncio.TimerHandle | None = None
        self._head_awaited = False
        self._head = b""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def await_head(self) -> None:
        """Say that an answer with a body comes next."""
        self._head_awaited = True

    def write(self, data: bytes) -> None:
        """Send; the head of an answer together with what comes next, since each write is a system call and wakes the
        other side.
        """
        if self._head_awaited and data.startswith(_HEADS):
            self._flush()
            self._head_awaited, self._head = False, data
            return
        self._transport.write(self._head + data)
        self._head = b""

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._ending is not None or self._transport.is_closing()

    def close(self) -> None:
        """Send what was written, then hang up, at the latest after LINGER."""
        if not self.is_closing():
            self._ending = self._loop.call_later(LINGER, self._transport.close)
            self._transport.resume_reading()  # or we would not see the other side hang up
            self._flush()
            with suppress(OSError):  # the other side has reset the connection, and nobody told us yet
                self._transport.write_eof()

    def _flush(self) -> None:
        if self._head:
            self.write(b"")

    def lost(self) -> None:
        """The connection is gone."""
        if self._ending is not None:
            self._ending.cancel()
