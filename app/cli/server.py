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
BACKLOG = 2048
HEADER_LIMIT = 64 * 1024  # bytes of a request line and headers, as they come in


class PortTakenError(Exception):
    """The address to listen on was not to be had."""


def run(app: Any, settings: Settings, drain: Drain, *, host: str | None, port: int | None) -> bool:
    """Serve the application until a signal ends it. `host` and `port` stand in for those of the settings.
    Raises PortTakenError, before anything is started; False when the application did not start.
    """
    listeners = _listening(host or settings.server.host, settings.server.port if port is None else port)
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
    server.run(sockets=listeners)
    return server.started


def _listening(host: str, port: int) -> list[socket.socket]:
    """A listener for each address of the host. They listen at once, since only that keeps others from the port;
    whoever connects before the application has started waits.
    """
    listeners = list[socket.socket]()
    try:
        for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
            listeners.append(socket.create_server(address[:2], family=family, backlog=BACKLOG))
    except (OSError, UnicodeError) as error:
        for listener in listeners:
            listener.close()
        reason = getattr(error, "strerror", None) or error
        raise PortTakenError(f"cannot listen on {host}:{port}: {reason}") from None
    return listeners


class BoundedHttp(HttpToolsProtocol):
    """Hangs up on whoever sends more headers, or trailers, than anyone needs; uvicorn keeps them all, however many."""

    _unread = 0  # bytes since the request began, while it is not known where its headers end
    _kept = 0  # bytes of headers and trailers
    _in_headers = True

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            if self._unread > HEADER_LIMIT:
                self.transport.abort()
                return
            self._unread += len(data)
        super().data_received(data)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._kept += len(name) + len(value)
        if self._kept > HEADER_LIMIT:
            self.transport.abort()
            return
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers, self._unread, self._kept = True, 0, 0
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
