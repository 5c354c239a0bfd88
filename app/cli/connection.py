"""A connection as uvicorn serves it, bounded: in number, in the time it may take to send a request, in headers.
What ends it says so in time, and loses no answer.
"""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from fastapi import Response
from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from app.api import problems, refusing
from app.api.problems import Refusal
from app.api.state import CROWDED, Drain
from app.cli.answering import AnsweringTransport
from app.cli.parsing import SteadyParser
from app.observability.logs import CONNECTIONS

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
    _offered = False  # an upgrade, with the headers that were just read
    _crowded = False
    _reading = True  # a request is awaited: the connection is new, or it has begun
    _garbled = False  # what came behind the requests under way is no request
    _late: asyncio.TimerHandle | None = None

    def __init__(self, *arguments: Any, bounds: Bounds, drain: Drain, home: str, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._bounds = bounds
        self._drain = drain
        self._home = home
        self.logger = logging.getLogger(CONNECTIONS)
        self.parser = SteadyParser(self, self._declined)

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
        self._unset_keepalive_if_required()  # uvicorn lets it run on after a reset, and it holds all of this
        self.pipeline.clear()
        self.cycle = None  # type: ignore[assignment]  # where it waited for its turn, it and this hold each other

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing() or self._garbled:
            return  # the last answer was given, or will be; what comes now is read so that it arrives
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
        if self._in_headers:  # a trailer is none (RFC 9110, 6.5.1): no proxy has looked at it
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        method = self.parser.get_method()
        self._offered = self.parser.should_upgrade() and method != b"CONNECT"
        if self._offered:
            return  # they come again without it
        self._in_headers = False
        if method != b"HEAD":
            self._answers.await_head()
        super().on_headers_complete()
        if self._crowded or self._drain.draining or method == b"CONNECT":
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if self._offered:
            return
        self._in_headers, self._unread, self._kept = True, 0, 0
        self._reading = False
        super().on_message_complete()

    def _declined(self) -> bytes:
        """The headers that offered an upgrade, without it. After a CONNECT nothing is left to be read."""
        if not self._offered:
            return b""
        self._kept = 0
        version = self.parser.get_http_version().encode()
        lines = [b"%b: %b\r\n" % header for header in self.headers if header[0] != b"upgrade"]
        return b"%b %b HTTP/%b\r\n%b\r\n" % (self.parser.get_method(), self.url, version, b"".join(lines))

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the problem says it
        """Refuse what is no request: in its turn, since a sender takes what comes first for the first answer."""
        refusing.note(self._nameless(), Refusal(problems.NOT_HTTP))
        broken_off = self._in_body
        if broken_off and self.pipeline:
            self.pipeline.popleft()
        elif broken_off or not self._answering:
            self._refuse()
            return
        self._garbled, self._reading = True, False

    def _nameless(self) -> Scope:
        """What is known of what is no request."""
        return {"feed": refusing.NO_FEED, "state": self.app_state, "client": self.client, "headers": []}

    def on_response_complete(self) -> None:
        last = not self.pipeline
        cycle: RequestResponseCycle | None = self.cycle  # as below; also where the connection was lost meanwhile
        if last and cycle is not None and cycle.body:
            cycle.body = bytearray()  # nobody has read it, and it would stay for as long as the connection idles
        super().on_response_complete()
        if self._garbled and last and not self.transport.is_closing():
            self._refuse()

    def _refuse(self) -> None:
        self.transport.write(_last(Refusal(problems.NOT_HTTP), self._home))
        self.transport.close()

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
    def _in_body(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and cycle.more_body

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
