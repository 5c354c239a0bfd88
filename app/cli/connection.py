"""A connection as uvicorn serves it, bounded: in number, in the time it may take to send a request, in headers.
What ends it says so in time, and loses no answer.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.api import problems
from app.api.problems import Refusal
from app.api.state import CROWDED, Drain
from app.cli.answering import AnsweringTransport

HEADER_LIMIT = 64 * 1024  # bytes of a request line and headers, as they come in
SPARE = 100  # connections beyond the limit: each is answered once, so that health probes are
HASTE = timedelta(seconds=2)  # for sending a request over one of those


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How many connections at once, and how long each may take to send a request."""

    connections: int
    read_timeout: timedelta


class BoundedHttp(HttpToolsProtocol):
    """Hangs up on whoever takes too long over a request, or sends more headers, or trailers, than anyone needs;
    uvicorn waits for it all, and keeps it.

    A request over a connection too many is marked as CROWDED, and its answer is the last. While the service drains
    every answer is the last, and says so: a sender that knows does not send into a closing connection.
    """

    _unread = 0  # bytes since the request began, while it is not known where its headers end
    _kept = 0  # bytes of headers and trailers
    _in_headers = True
    _crowded = False
    _reading = True  # a request is awaited: the connection is new, or it has begun
    _late: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, bounds: Bounds, drain: Drain, home: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._bounds = bounds
        self._drain = drain
        self._home = home

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        self._answers = AnsweringTransport(transport, self.loop)
        answering: Any = self._answers
        super().connection_made(answering)
        self._crowded = len(self.connections) > self._bounds.connections
        if len(self.connections) > self._bounds.connections + SPARE:
            transport.write(_last(Refusal(problems.OVERLOADED), self._home))
            transport.close()
            return
        self._time()

    def connection_lost(self, exc: Exception | None) -> None:
        self._answers.lost()
        self._reading = False
        self._time()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return  # the last answer was given; what comes now is read so that it arrives
        if self._in_headers:
            if self._unread > HEADER_LIMIT:
                self.transport.abort()
                return
            self._unread += len(data)
        super().data_received(data)
        self._time()

    def on_message_begin(self) -> None:
        self._reading = True
        super().on_message_begin()
        if self._crowded:
            self.scope["state"][CROWDED] = True

    def on_header(self, name: bytes, value: bytes) -> None:
        self._kept += len(name) + len(value)
        if self._kept > HEADER_LIMIT:
            self.transport.abort()
            return
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        if self.parser.get_method() != b"HEAD":
            self._answers.await_head()
        super().on_headers_complete()
        if self._crowded or self._drain.draining:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._in_headers, self._unread, self._kept = True, 0, 0
        self._reading = False
        super().on_message_complete()

    def answer_last(self) -> None:
        """Let the answer under way, if any, be the last over this connection."""
        if self._answering and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def shutdown(self) -> None:
        """Close, once the request under way is answered. A request that we have not seen may be on its way: what is
        sent before we close is its answer, and where there is none, no client takes it for one.
        """
        if not self._answering and not self.transport.is_closing():
            self.transport.write(_last(Refusal(problems.DRAINING), self._home))
        super().shutdown()

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn does not say that there may be none
        return cycle is not None and not cycle.response_complete

    def _time(self) -> None:
        """Have a clock running exactly while a request is awaited."""
        if self._reading and self._late is None:
            seconds = min(self._bounds.read_timeout, HASTE) if self._crowded else self._bounds.read_timeout
            self._late = self.loop.call_later(seconds.total_seconds(), self.transport.abort)
        elif not self._reading and self._late is not None:
            self._late.cancel()
            self._late = None


def _last(refusal: Refusal, home: str) -> bytes:
    """A refusal as it goes over the wire, when it is the last that does."""
    response: Response = problems.response(refusal, home)
    response.headers["connection"] = "close"
    headers = b"".join(b"%b: %b\r\n" % header for header in response.raw_headers)
    return STATUS_LINE[response.status_code] + headers + b"\r\n" + bytes(response.body)
