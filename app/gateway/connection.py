"""One connection to the Gateway: one request at a time, and of its answer whatever can be known."""

import asyncio
import select
from typing import Any

import httptools

from app.domain.outcome import Answered, Unanswered
from app.gateway.call import cause

HEAD_LIMIT = 65536  # bytes of an answer before its body, interim answers among them; and of the framing of its body

_INTERIM = range(100, 200)  # the parser itself stops at 101, behind which is no HTTP
_VERSIONS = (b"HTTP/1.1 ", b"HTTP/1.0 ")  # the parser knows RTSP and others as well
_END_OF_HEAD = b"\r\n\r\n"
_RETRY_AFTER = b"retry-after"
_LONG = len(_RETRY_AFTER)


class Connection(asyncio.Protocol):
    """A connection, once it is made. As long as it is `usable`, it may carry another request: nothing is under way on
    it, the last answer came whole and with nothing behind it, and the Gateway has not closed it.
    """

    def __init__(self, response_limit: int) -> None:
        self._limit = response_limit
        self._loop = asyncio.get_running_loop()
        self._parser: Any = httptools.HttpResponseParser(self)
        self._arrivals = select.poll()
        self.in_order = False
        self._reply: asyncio.Future[Answered | Unanswered] | None = None
        self.lost: asyncio.Future[None] = self._loop.create_future()

    def exchange(self, request: bytes, seconds: float) -> asyncio.Future[Answered | Unanswered]:
        """Send a request, on a `usable` connection only. Its reply comes within these seconds, and no exception."""
        self.in_order = self._complete = self._keeps = False
        self._status: int | None = None
        self._retry_after: str | None = None
        self._head = b""
        self._interims = 0
        self._body = bytearray()
        self._left = HEAD_LIMIT
        self._timer = self._loop.call_later(seconds, self._end, "TimeoutError: no answer in time")
        self._reply = reply = self._loop.create_future()
        try:
            self._transport.write(request)
        except Exception as error:  # noqa: BLE001 - whatever it is, a part of the request may be under way
            self._end(cause(error))
        return reply

    @property
    def usable(self) -> bool:
        """Whether it may carry a request now. Looks at the socket too: what has arrived there, a byte or the end, may
        not have come to us yet.
        """
        return self.in_order and not self._transport.is_closing() and not self._arrivals.poll(0)

    def close(self) -> None:
        """Let go of it at once, whatever is under way."""
        self.in_order = False
        if self._reply is not None:
            self._end("the call was given up")
        self._transport.abort()

    # What the loop reports

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._arrivals.register(transport.get_extra_info("socket").fileno(), select.POLLIN)
        self.in_order = True

    def data_received(self, data: bytes) -> None:
        if self._reply is None:
            self.close()  # nobody asked
            return
        self._left -= len(data)
        if self._status is None:
            self._head += data
        try:
            self._parser.feed_data(data)
        except Exception as error:  # noqa: BLE001 - whatever it is, this is not, or no longer, an answer
            self._end(cause(error.__context__ or error))
            return
        if self._complete:
            self.in_order = self._keeps and not self._transport.get_write_buffer_size()
            self._end("")
        elif self._left < 0:
            self._end("an answer without end")

    def eof_received(self) -> None:
        self.in_order = False
        self._end("the connection was closed without an answer")

    def connection_lost(self, exc: Exception | None) -> None:
        self.in_order = False
        self._end(cause(exc or ConnectionResetError("the connection was lost without an answer")))
        self._parser = None  # it holds on to us
        if not self.lost.done():
            self.lost.set_result(None)

    # What the parser reports

    def on_message_begin(self) -> None:
        if self._complete:
            raise ValueError("more came than the answer has")

    def on_status(self, reason: bytes) -> None:
        if b"\0" in reason:  # which the parser would let pass
            raise ValueError("no answer in HTTP/1.1")

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status is None and len(name) == _LONG and name.lower() == _RETRY_AFTER:
            self._retry_after = value.decode("latin-1").strip()

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        head = self._head.split(_END_OF_HEAD, self._interims)[self._interims] if self._interims else self._head
        if not head.startswith(_VERSIONS) or status < _INTERIM.start:
            raise ValueError("no answer in HTTP/1.1")
        if status in _INTERIM:
            self._interims += 1
            self._retry_after = None
            return
        self._status = status
        self._left += self._limit

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > self._limit:
            raise ValueError("more came than is read of an answer")

    def on_message_complete(self) -> None:
        if self._status is not None:
            self._complete = True
            self._keeps = self._parser.should_keep_alive()

    def _end(self, why: str) -> None:
        """Tell what is known. Once the Gateway has named a status, nothing that befalls the rest can hide it."""
        reply, self._reply = self._reply, None
        if reply is None:
            return
        self._timer.cancel()
        if reply.done():  # given up by who asked
            return
        if self._status is None:
            reply.set_result(Unanswered(cause=why))
        else:
            body = self._body[: self._limit].decode("utf-8", "replace")
            reply.set_result(Answered(status=self._status, body=body, retry_after=self._retry_after))
