"""One keep-alive connection: a request out, its answer's status in, and nothing else looked at."""

import asyncio
import re
from collections.abc import Callable
from typing import cast

_STATUS = slice(9, 12)  # in "HTTP/1.1 202 …"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_NOTHING = -1


class Connection(asyncio.Protocol):
    """Carries one request at a time. `answered` is called with the connection, the request's number and the status,
    which is 0 where the connection was lost.
    """

    def __init__(self, answered: Callable[["Connection", int, int], None]) -> None:
        self._answered = answered
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._carried = _NOTHING

    @property
    def open(self) -> bool:
        """Whether requests can be sent on it."""
        return self._transport is not None and not self._transport.is_closing()

    def send(self, number: int, request: bytes) -> None:
        """Send a request. Nothing may be under way."""
        self._carried = number
        if self._transport is not None:
            self._transport.write(request)

    def close(self) -> None:
        """Close it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if self._received:
            data = self._received + data
        if (end := ending(data)) is None or len(data) < end:
            self._received = data
            return
        self._received = b""
        self._finish(int(data[_STATUS]))

    def connection_lost(self, _: Exception | None) -> None:
        self._transport = None
        if self._carried != _NOTHING:
            self._finish(0)

    def _finish(self, status: int) -> None:
        number, self._carried = self._carried, _NOTHING
        self._answered(self, number, status)


def ending(answer: bytes) -> int | None:
    """How many bytes the answer has in all; None while its head is not whole. Raises ValueError where the head does not
    say.
    """
    head = answer.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = _LENGTH.search(answer, 0, head)
    if length is None:
        raise ValueError("an answer without Content-Length, which this generator does not read")
    return head + 4 + int(length[1])
