"""`sandbox`: a simulated Gateway to integrate against, alone or with the service in front of it."""

import asyncio
import signal
import sys
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from random import Random
from secrets import token_hex
from typing import Annotated

import typer

from app.cli.service_process import NotReadyError, service_process
from app.sandbox.gateway import SandboxGateway
from app.sandbox.setup import BRAND_ID, Setup

TRY_IT = """
Service        {url}        API documentation  {url}/docs
Readiness      {url}/health/ready
Metrics        {url}/metrics
Gateway        {gateway_url}/sandbox/account  (and /sandbox/faults)
Logs           {log}

Try it, in another terminal:

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
        asyncio.run(_run(setup, port=port, service_port=service_port if with_service else None))
    except (NotReadyError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        raise typer.Exit(1) from None


async def _run(setup: Setup, *, port: int, service_port: int | None) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    gateway = SandboxGateway(username=setup.username, password=setup.password, random=Random())  # noqa: S311
    async with AsyncExitStack() as stack:
        gateway_url = await stack.enter_async_context(gateway.serving(port=port))
        if service_port is None:
            print(f"The simulated Gateway serves at {gateway_url}, for {setup.username} / {setup.password}.")
        else:
            url, log = f"http://127.0.0.1:{service_port}", setup.folder / "service.log"
            setup.write(gateway_url=gateway_url, port=service_port)
            process = await stack.enter_async_context(service_process(setup.configuration, url, log=log))
            print(
                TRY_IT.format(
                    url=url,
                    gateway_url=gateway_url,
                    log=_shown(log),
                    configuration=_shown(setup.configuration),
                    brand_id=BRAND_ID,
                    event_id=f"bet-{token_hex(4)}",
                    command=_shown(Path(sys.argv[0])),
                ),
                flush=True,
            )
            stopped = asyncio.create_task(stop.wait())
            ended = asyncio.create_task(process.wait())
            await asyncio.wait({stopped, ended}, return_when=asyncio.FIRST_COMPLETED)
            return
        await stop.wait()


def _shown(path: Path) -> Path:
    with suppress(ValueError):
        return path.resolve().relative_to(Path.cwd())
    return path
