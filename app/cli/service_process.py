"""The service in a process of its own, as it runs in production: started, awaited, stopped."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL

import httpx

from app.ledger.embedded import EmbeddedServer
from app.settings import CONFIG, PREFIX, SECRETS_FOLDER

START = 120.0  # seconds until a starting service has to be ready, on the slowest of machines


class NotReadyError(Exception):
    """The service did not become ready."""


def environment(configuration: Path) -> dict[str, str]:
    """Our own environment, but for settings: they come from this file alone."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return ours | {CONFIG: str(configuration), SECRETS_FOLDER: str(configuration.parent)}


@asynccontextmanager
async def service_process(configuration: Path, url: str, *, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run `event-processor serve` with a configuration until the context ends, and wait until it is ready.
    Raises NotReadyError.
    """
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "serve"),
            env=environment(configuration),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # so that Ctrl-C reaches us alone, and we end it in order
        )
    try:
        await _ready(process, url, log)
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        if await process.wait() == -signal.SIGKILL:
            _stop_database(configuration.parent)


def _stop_database(folder: Path) -> None:
    """What a killed service could not do itself."""
    if (server := EmbeddedServer(folder)).running:
        server.stop()


async def _ready(process: asyncio.subprocess.Process, url: str, log: Path) -> None:
    async with asyncio.timeout(START), httpx.AsyncClient(base_url=url) as client:
        while process.returncode is None:
            try:
                response = await client.get("/health/ready")
            except httpx.TransportError:
                pass
            else:
                if response.is_success:
                    return
            await asyncio.sleep(0.05)
    raise NotReadyError(f"the service did not start; its log is {log}")


def free_port(wanted: int = 0) -> int:
    """The port wanted, or any, that was free a moment ago. Raises OSError where the one wanted is in use."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", wanted))
        port: int = probe.getsockname()[1]
        return port
