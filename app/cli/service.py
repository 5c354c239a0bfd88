"""`serve` and `dispatch`: the service itself, under uvicorn."""

import asyncio
import socket
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from app.api.state import Drain
from app.ledger.database import require
from app.main import create_app
from app.observability.logs import configure_logs
from app.settings import Settings, load

GRACE = 30  # seconds that requests under way have after the listener closed

Host = Annotated[str | None, typer.Option(help="Instead of server.host.")]
Port = Annotated[int | None, typer.Option(help="Instead of server.port; 0 takes a free one.")]


def serve(
    host: Host = None,
    port: Port = None,
    dispatch: Annotated[bool, typer.Option(help="Also call the Gateway, in this process.")] = True,
) -> None:
    """Receive events over HTTP, and contribute them unless --no-dispatch."""
    _run(load(), host=host, port=port, receive=True, dispatch=dispatch)


def dispatch(host: Host = None, port: Port = None) -> None:
    """Contribute what the ledger holds, without receiving. Health and metrics are served all the same."""
    _run(load(), host=host, port=port, receive=False, dispatch=True)


def _run(settings: Settings, *, host: str | None, port: int | None, receive: bool, dispatch: bool) -> None:
    configure_logs(level=settings.logging.level, form=settings.logging.format)
    require(settings.database())
    drain = Drain()
    config = uvicorn.Config(
        create_app(settings, receive=receive, dispatch=dispatch, drain=drain),
        host=host or settings.server.host,
        port=settings.server.port if port is None else port,
        http="httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=GRACE,
        ws="none",
    )
    server = _DrainingServer(config, drain, seconds=settings.server.drain.total_seconds())
    server.run()
    if not server.started:
        raise typer.Exit(1)


class _DrainingServer(uvicorn.Server):
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
        super().handle_exit(sig, frame)
