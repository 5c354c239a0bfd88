"""`serve` and `dispatch`: the service itself, under uvicorn."""

from typing import Annotated

import typer

from app.api.state import Drain
from app.cli.server import run
from app.ledger.database import require
from app.main import create_app
from app.observability.logs import configure_logs
from app.settings import Settings, load

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
    app = create_app(settings, receive=receive, dispatch=dispatch, drain=drain)
    if not run(app, settings, drain, host=host, port=port):
        raise typer.Exit(3)
