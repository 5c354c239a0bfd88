"""`worker`: one of the processes of `serve --workers`."""

import asyncio
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
import uvicorn

from app.api.state import Drain
from app.cli.child import AGAIN, SERVES
from app.cli.listening import told
from app.cli.server import DrainingServer, configured
from app.ledger.database import require
from app.main import create_app
from app.observability.logs import configure_logs
from app.observability.sharing import Sharing, share
from app.settings import load


def worker(
    number: Annotated[int, typer.Option(help="Which it is.")],
    line: Annotated[int, typer.Option(help="The descriptor of the line to its parent.")],
    listener: Annotated[list[int], typer.Option(help="The descriptor of a socket to listen at.")],
    metrics: Annotated[Path, typer.Option(help="Where all of them keep their metrics.")],
    ended: Annotated[int, typer.Option(help="How many there were in its place, since one last said so.")],
    dispatch: Annotated[bool, typer.Option()] = True,
) -> None:
    """Serve beside others. Started by `serve --workers`, never by a person."""
    settings = load()
    configure_logs(level=settings.logging.level, form=settings.logging.format, worker=number)
    require(settings.database())
    share(metrics, number)
    drain = Drain()
    listeners = [socket.socket(fileno=descriptor) for descriptor in listener]
    sharing = Sharing(folder=metrics, ended=ended)
    app = create_app(settings, dispatch=dispatch, drain=drain, sharing=sharing, listens=told(listeners))
    server = WorkersServer(
        configured(app, settings, drain),
        drain,
        seconds=settings.server.drain.total_seconds(),
        line=socket.socket(fileno=line),
        metrics=metrics,
    )
    server.run(sockets=listeners)
    if not server.started:
        raise typer.Exit(3)


class WorkersServer(DrainingServer):
    """Hears of signals by its parent, and drains when that is gone. Its own signals begin the drain and no more: a
    service manager may send them to the parent and to every worker, which are not two signals to anybody.
    """

    def __init__(
        self, config: uvicorn.Config, drain: Drain, *, seconds: float, line: socket.socket, metrics: Path
    ) -> None:
        super().__init__(config, drain, seconds=seconds)
        self._line = line
        self._metrics = metrics
        self._told = False
        self._orphaned = False

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._line.setblocking(False)
        asyncio.get_running_loop().add_reader(self._line, self._hear)
        await super().serve(sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._say()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if not self._drain.draining:
            super().handle_exit(sig, frame)

    def _say(self) -> None:
        """That we serve; once a second, as long as our loop turns."""
        with suppress(OSError):  # nobody listens any more
            self._line.send(SERVES)
        asyncio.get_running_loop().call_later(AGAIN, self._say)

    def _hear(self) -> None:
        signals = self._line.recv(64)
        if not signals:
            self._orphaned = True
            asyncio.get_running_loop().remove_reader(self._line)
            signals = bytes([signal.SIGTERM]) if not self._told else b""
        for signal_number in signals:
            if self._told:
                super().handle_exit(signal_number, None)
            else:
                self._told = True
                self.handle_exit(signal_number, None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        if self._orphaned:
            shutil.rmtree(self._metrics, ignore_errors=True)
