"""A simulated Gateway that costs next to nothing: `python -m benchmarks.gateway SECONDS` answers after so long.

Each contribution is kept as it came, with its time, and only read when somebody asks for the account.
"""

import asyncio
import json
import sys
import time
from typing import cast

import httptools
import uvloop

TOKEN = "benchmark-token"  # noqa: S105 - made up, and known to all
CONTRIBUTE, AUTHENTICATE = b"/jackpots/contribute/source", b"/authenticate/service"
CALLS, ACCOUNT = b"/account/calls", b"/account"

_AUTHORIZATION = b"Bearer " + TOKEN.encode()


def _answer(status: bytes, content: bytes) -> bytes:
    head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (status, len(content))
    return head + content


_AUTHENTICATED = _answer(b"200 OK", json.dumps({"token": TOKEN}).encode())
_CONTRIBUTED = _answer(b"200 OK", b'{"status": "contributed"}')
_REFUSED = _answer(b"401 Unauthorized", b'{"error": "token_invalid"}')
_MISSING = _answer(b"404 Not Found", b'{"error": "not_found"}')


class Account:
    """Every contribution: when it arrived, in nanoseconds of the monotonic clock, and its body."""

    def __init__(self) -> None:
        self.calls: list[tuple[int, bytes]] = []

    def details(self) -> bytes:
        """Of each contribution the event's id, the wager as it was written, and when it arrived."""
        return json.dumps([_read(body, at) for at, body in self.calls]).encode()


def _read(body: bytes, at: int) -> tuple[str, str, int]:
    fields = json.loads(body, parse_float=str, parse_int=str)
    return fields["metadata"]["event_id"], fields["base_wager"], at


class Conversation(asyncio.Protocol):
    """A connection of a caller."""

    def __init__(self, account: Account, latency: float) -> None:
        self._account, self._latency = account, latency
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._transport: asyncio.Transport
        self._path = self._body = self._authorization = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError:
            self._transport.close()

    def on_message_begin(self) -> None:
        self._path = self._body = self._authorization = b""

    def on_url(self, url: bytes) -> None:
        self._path += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == len(b"authorization") and name.lower() == b"authorization":
            self._authorization = value

    def on_body(self, body: bytes) -> None:
        self._body = self._body + body if self._body else body

    def on_message_complete(self) -> None:
        if self._path == CONTRIBUTE:
            self._contribute()
        elif self._path == AUTHENTICATE:
            self._transport.write(_AUTHENTICATED)
        elif self._path == ACCOUNT:
            self._transport.write(_answer(b"200 OK", b'{"calls": %d}' % len(self._account.calls)))
        elif self._path == CALLS:
            self._transport.write(_answer(b"200 OK", self._account.details()))
        else:
            self._transport.write(_MISSING)

    def _contribute(self) -> None:
        if self._authorization != _AUTHORIZATION:
            self._transport.write(_REFUSED)
            return
        self._account.calls.append((time.monotonic_ns(), self._body))
        if self._latency:
            self._loop.call_later(self._latency, self._transport.write, _CONTRIBUTED)
        else:
            self._transport.write(_CONTRIBUTED)


async def serve(latency: float) -> None:
    """Serve for ever. Says its port."""
    account = Account()
    server = await asyncio.get_running_loop().create_server(
        lambda: Conversation(account, latency), "127.0.0.1", 0, backlog=2048
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))
