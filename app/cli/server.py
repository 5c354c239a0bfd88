"""uvicorn as it is run here: it says that it is going before it goes, and reads no endless headers."""

import asyncio
import socket
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from app.api.state import Drain
from app.settings import Settings

GRACE = 30  # seconds that requests under way have after the listener closed
HEADER_LIMIT = 64 * 1024  # bytes of a request line and headers, as they come in


class PortTakenError(Exception):
    """The address to listen on was not to be had."""


def run(app: Any, settings: Settings, drain: Drain, *, host: str | None, port: int | None) -> bool:
    """Serve the application until a signal ends it. `host` and `port` stand in for those of the settings.
    Raises PortTakenError, before anything is started; False when the application did not start.
    """
    listener = _bound(host or settings.server.host, settings.server.port if port is None else port)
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        ws="none",
    )
    server = DrainingServer(config, drain, seconds=settings.server.drain.total_seconds())
    server.run(sockets=[listener])
    return server.started


def _bound(host: str, port: int) -> socket.socket:
    """Bound, so that the port is ours, and not yet listening: uvicorn does that once the application has started."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise PortTakenError(f"cannot listen on {host}:{port}: {error.strerror}") from None
    return listener


class BoundedHttp(HttpToolsProtocol):
    """Hangs up on whoever sends more headers than anyone needs; uvicorn keeps them all, however many."""

    _unread = 0
    _in_headers = True

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            if self._unread > HEADER_LIMIT:
                self.transport.abort()
                return
            self._unread += len(data)
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers, self._unread = True, 0
        super().on_message_complete()


class DrainingServer(uvicorn.Server):
    """On the first signal, says in readiness and in 503s that it is going, and goes a little later.
    A second signal does not wait.
    """

    def __init__(self, config: uvicorn.Config, drain: Drain, *, seconds: float) -> None:
        super().__init__(config)
        self._drain = drain
        self._seconds = seconds
        self._loop: asyncio.AbstractEventLoop | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().serve(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._drain.draining or self._loop is None or not self.started:
            super().handle_exit(sig, frame)
            return
        self._drain.draining = True
        self._loop.call_soon_threadsafe(self._loop.call_later, self._seconds, self._leave, sig, frame)

    def _leave(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:  # by a second signal; to uvicorn one more would mean not to wait for anything
            super().handle_exit(sig, frame)
