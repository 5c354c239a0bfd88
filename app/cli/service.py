"""`serve` and `dispatch`: the service itself, under uvicorn."""

import asyncio
import signal
from typing import Annotated

import typer

from app.api.state import Drain
from app.cli.listening import SharedAddresses, listening, told
from app.cli.server import run
from app.cli.workers import Workers
from app.ledger.database import require
from app.main import create_app
from app.observability.logs import configure_logs
from app.observability.sharing import shared_folder
from app.settings import Settings, load

Host = Annotated[str | None, typer.Option(help="Instead of server.host.")]
Port = Annotated[int | None, typer.Option(help="Instead of server.port; 0 takes a free one.")]
Count = Annotated[int | None, typer.Option(min=1, help="Processes that do so. Instead of server.workers.")]


def serve(
    host: Host = None,
    port: Port = None,
    workers: Count = None,
    dispatch: Annotated[bool, typer.Option(help="Also call the Gateway, in the same processes.")] = True,
) -> None:
    """Receive events over HTTP, and contribute them unless --no-dispatch."""
    settings = load()
    count = workers or settings.server.workers
    if count == 1:
        _run(settings, host=host, port=port, receive=True, dispatch=dispatch)
    else:
        _run_workers(settings, count, host=host, port=port, dispatch=dispatch)


def dispatch(host: Host = None, port: Port = None) -> None:
    """Contribute what the ledger holds, without receiving. Health and metrics are served all the same."""
    _run(load(), host=host, port=port, receive=False, dispatch=True)


def _run(settings: Settings, *, host: str | None, port: int | None, receive: bool, dispatch: bool) -> None:
    _prepare(settings)
    drain = Drain()
    listeners = listening(*_address(settings, host, port))
    app = create_app(settings, receive=receive, dispatch=dispatch, drain=drain, listens=told(listeners))
    if not run(app, settings, drain, listeners):
        raise typer.Exit(3)


def _run_workers(settings: Settings, count: int, *, host: str | None, port: int | None, dispatch: bool) -> None:
    """What is wrong with configuration, port or embedded database is said here, before there are workers."""
    _prepare(settings)
    addresses = SharedAddresses(listening(*_address(settings, host, port)))
    options = () if dispatch else ("--no-dispatch",)
    with shared_folder() as folder:
        status = asyncio.run(Workers(addresses, count=count, folder=folder, options=options).run())
    if status == -signal.SIGTERM:  # as a process ends that has no workers
        signal.raise_signal(signal.SIGTERM)
    elif status > 0:
        raise typer.Exit(status)


def _prepare(settings: Settings) -> None:
    configure_logs(level=settings.logging.level, form=settings.logging.format)
    require(settings.database())


def _address(settings: Settings, host: str | None, port: int | None) -> tuple[str, int]:
    return host or settings.server.host, settings.server.port if port is None else port
