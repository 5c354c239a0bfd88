"""`sandbox`: a simulated Gateway to integrate against, alone or with the service in front of it."""

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Annotated

import typer

from app.cli.listening import PortTakenError
from app.cli.service_process import NotReadyError, free_port, service_process
from app.sandbox.gateway import SandboxGateway
from app.sandbox.setup import BRAND_ID, FolderTakenError, Setup

TRY_IT = """
Service        {url}        API documentation  {url}/docs
Readiness      {url}/health/ready
Metrics        {url}/metrics
Gateway        {gateway_url}/sandbox/account  (and /sandbox/faults)
Logs           {log}

Try it, in this folder and another terminal:

export EVENT_PROCESSOR_CONFIG={configuration}
BODY='{{"event_id": "{event_id}", "event_type": "BET", "brand_id": "{brand_id}", "player_id": "player-42", \
"game_code": "book-of-examples", "round_id": "round-1", "amount": 2.50, "currency": "EUR", \
"occurred_at": "2026-11-22T12:00:00Z"}}'
{command} sign bet "$BODY" | curl -i -H @- -H 'Content-Type: application/json' --data-raw "$BODY" {url}/events/bet

Once more: the same answer, with Idempotent-Replayed: true. With another amount in BODY: 409.
With `| sed 's/v1,./v1,_/'` between sign and curl: 401. Ctrl-C ends everything here.
"""


def sandbox(
    port: Annotated[int, typer.Option(help="The simulated Gateway's port; 0 takes a free one.")] = 9000,
    with_service: Annotated[
        bool, typer.Option("--with-service", help="Also run the service, set up to use it.")
    ] = False,
    service_port: Annotated[int, typer.Option(help="The service's port.")] = 8000,
    username: Annotated[
        str, typer.Option(help="What the Gateway expects to be authenticated with.")
    ] = "event-processor",
    password: Annotated[str, typer.Option(help="As username.")] = "sandbox-password",  # noqa: S107 - it guards nothing
    folder: Annotated[Path, typer.Option(help="Where the service's database and configuration go.")] = Path(
        ".sandbox/run"
    ),
) -> None:
    """Run a simulated Gateway, with an account of every call and faults to switch on, until Ctrl-C."""
    setup = Setup(folder=folder.resolve(), username=username, password=password)
    try:
        port = port and _free(port, "--port")
        if with_service:
            asyncio.run(_serve_both(setup, port, _free(service_port, "--service-port")))
        else:
            asyncio.run(_serve(setup, port))
    except (EndedError, FolderTakenError, NotReadyError, PortTakenError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        raise typer.Exit(1) from None
    except OSError as error:
        print(f"sandbox: {error.strerror}; --port and --service-port name other ports", file=sys.stderr)
        raise typer.Exit(1) from None


def _free(port: int, option: str) -> int:
    """The port, where it is free. Raises PortTakenError."""
    try:
        return free_port(port)
    except OSError as error:
        raise PortTakenError(f"cannot listen on port {port}: {error.strerror}; {option} names another") from None


class EndedError(Exception):
    """The service ended by itself."""


async def _serve(setup: Setup, port: int) -> None:
    stop = _stop_on_signals()
    async with _gateway(setup).serving(port=port) as url:
        print(f"The simulated Gateway serves at {url} for {setup.username} / {setup.password}.")
        print(f"Its account: {url}/sandbox/account; its faults: {url}/sandbox/faults (docs/sandbox.md)", flush=True)
        await stop.wait()


async def _serve_both(setup: Setup, port: int, service_port: int) -> None:
    stop, log = _stop_on_signals(), setup.folder / "service.log"
    url = f"http://127.0.0.1:{service_port}"
    with setup.own_folder():
        async with _gateway(setup).serving(port=port) as gateway_url:
            setup.write(gateway_url=gateway_url, port=service_port)
            async with service_process(setup.configuration, url, log=log) as process:
                print(_welcome(setup, url, gateway_url, log), flush=True)
                ends = {asyncio.create_task(stop.wait()), asyncio.create_task(process.wait())}
                _, remaining = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for task in remaining:
                    task.cancel()
                if not stop.is_set():
                    raise EndedError(f"the service ended by itself; its log is {_shown(log)}")


def _gateway(setup: Setup) -> SandboxGateway:
    return SandboxGateway(username=setup.username, password=setup.password, random=Random())


def _stop_on_signals() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _welcome(setup: Setup, url: str, gateway_url: str, log: Path) -> str:
    return TRY_IT.format(
        url=url,
        gateway_url=gateway_url,
        log=_shown(log),
        configuration=_shown(setup.configuration),
        brand_id=BRAND_ID,
        event_id=f"bet-{token_hex(4)}",
        command=_shown(Path(sys.argv[0])),
    )


def _shown(path: Path) -> Path:
    with suppress(ValueError):
        return path.resolve().relative_to(Path.cwd())
    return path
