"""Closing a connection so that the answer arrives: what is unread when a socket closes turns the close into a reset."""

import asyncio
from typing import Any

LINGER = 2.0  # seconds that the other side has to read our last words and hang up


class LingeringTransport:
    """A transport whose `close` says that no more will come, and waits for the other side to say so too; what it
    sends meanwhile has to be dropped.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._ending: asyncio.TimerHandle | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether nothing more can be sent."""
        return self._ending is not None or self._transport.is_closing()

    def close(self) -> None:
        """Send what was written, then hang up, at the latest after LINGER."""
        if not self.is_closing():
            self._ending = self._loop.call_later(LINGER, self._transport.close)
            self._transport.resume_reading()  # or we would not see the other side hang up
            self._transport.write_eof()

    def lost(self) -> None:
        """The connection is gone."""
        if self._ending is not None:
            self._ending.cancel()
