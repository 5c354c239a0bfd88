"""uvicorn as it is run here: it says that it is going before it goes, and leaves nobody without an answer."""

import asyncio
import gc
import resource
import socket
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any

import uvicorn

from app.api.state import Drain
from app.cli.connection import SPARE, BoundedHttp, Bounds
from app.cli.listening import BACKLOG
from app.settings import Settings

GRACE = 30  # seconds that requests under way have after the listener closed
KEEP_ALIVE = 75  # seconds that a connection may idle: longer than clients and proxies keep theirs, so that they close
DESCRIPTORS = 256  # files and sockets that are no sender's


def run(app: Any, settings: Settings, drain: Drain, listeners: list[socket.socket]) -> bool:
    """Serve the application until a signal ends it. False when it did not start."""
    seconds = settings.server.drain.total_seconds()
    server = DrainingServer(configured(app, settings, drain), drain, seconds=seconds)
    server.run(sockets=listeners)
    return server.started


def configured(app: Any, settings: Settings, drain: Drain) -> uvicorn.Config:
    """How the application is served; as many files and sockets as that takes are allowed, if the system lets us."""
    bounds = Bounds(connections=settings.server.connections, read_timeout=settings.server.read_timeout)
    _allow(bounds.connections + SPARE + DESCRIPTORS)
    protocol: Any = partial(BoundedHttp, bounds=bounds, drain=drain, home=settings.server.home())
    return uvicorn.Config(
        app,
        http=protocol,
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.server.trusted_proxies),  # from nobody else: what they say is anybody's word
        forwarded_allow_ips=settings.server.trusted_proxies,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=KEEP_ALIVE,
        ws="none",
        backlog=BACKLOG,
    )


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

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        _spare_the_collector()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self._drain.draining or self._loop is None or not self.started:
            super().handle_exit(sig, frame)
            return
        self._drain.draining = True
        self._loop.call_soon_threadsafe(self._prepare, self._loop, sig, frame)

    def _prepare(self, loop: asyncio.AbstractEventLoop, sig: int, frame: FrameType | None) -> None:
        for connection in self._connections():
            connection.answer_last()
        loop.call_later(self._seconds, self._leave, sig, frame)

    def _connections(self) -> Iterator[BoundedHttp]:
        return (connection for connection in self.server_state.connections if isinstance(connection, BoundedHttp))

    def _leave(self, sig: int, frame: FrameType | None) -> None:
        if not self.should_exit:  # by a second signal; to uvicorn one more would mean not to wait for anything
            super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn does, but those who connected and were not yet accepted are answered rather than reset."""
        waiting = [connection for listener in sockets or [] for connection in _accepted(listener)]
        for server in self.servers:
            server.close()
        for connection in waiting:
            with suppress(OSError):  # it is gone already
                await asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        protocol: Any = self.config.http_protocol_class
        made: asyncio.Protocol = protocol(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state
        )
        return made


def _accepted(listener: socket.socket) -> Iterator[socket.socket]:
    """Everyone who waits at a listener."""
    listener.setblocking(False)
    with suppress(OSError):  # BlockingIOError: nobody else does
        while True:
            connection, _ = listener.accept()
            connection.setblocking(False)
            yield connection


def _allow(descriptors: int) -> None:
    """Have as many files and sockets as are needed, if the system lets us; 1024 is a common beginning."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < descriptors:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(descriptors, hard) if hard >= 0 else descriptors, hard))


def _spare_the_collector() -> None:
    """What is there now stays for good: to look through it all again and again takes a twentieth of the time, and tens
    of milliseconds at once. What an event leaves behind is freed by counting; cycles are rare and can wait.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 100)
