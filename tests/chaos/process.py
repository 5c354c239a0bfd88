"""A process of the service, at a port of its own: started, killed, stopped, let go on and ended by real signals."""

import asyncio
import signal
import sys
from pathlib import Path
from subprocess import DEVNULL

import httpx

from app.cli.service_process import environment, free_port

READY = 120.0  # seconds until a starting service has to be ready, on the slowest of machines
ENDED = 60.0  # seconds that a terminated one may take

_SERVE = ("app", "serve")


class NotReadyError(Exception):
    """A service did not become ready, or ended by itself."""


class ServiceProcess:
    """`serve`, or whatever else is run in its place, with `settings` as variables."""

    def __init__(self, configuration: Path, log: Path, settings: dict[str, str]) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._configuration = configuration
        self._log = log
        self._settings = settings
        self._process: asyncio.subprocess.Process | None = None
        self.variables: dict[str, str] = {}  # that it was started with, besides the settings
        self._command: tuple[str, ...] = ()
        self._ending = True

    @property
    def running(self) -> bool:
        """Whether the process is there, even if it is stopped."""
        return self._process is not None and self._process.returncode is None

    @property
    def died(self) -> bool:
        """Whether it ended without having been told to."""
        return not self.running and not self._ending

    def serves(self, variables: dict[str, str]) -> bool:
        """Whether it runs as usual, with these variables."""
        return self.running and self._command == _SERVE and self.variables == variables

    async def start(self, variables: dict[str, str] | None = None, *, command: tuple[str, ...] = _SERVE) -> None:
        """Start it, with variables over its settings. It may take a while to be ready."""
        self._ending, self._command, self.variables = False, command, variables or {}
        with self._log.open("ab") as output:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", *command, "--port", str(self.port)),
                env=environment(self._configuration) | self._settings | self.variables,
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # so that Ctrl-C reaches us alone, and we end it
            )

    async def ready(self) -> None:
        """Wait until it is. Raises NotReadyError."""
        async with asyncio.timeout(READY), httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while self.running:
                if await _ready(client, f"{self.url}/health/ready"):
                    return
                await asyncio.sleep(0.05)
        raise NotReadyError(f"a service ended with {self.returncode} instead of becoming ready")

    @property
    def returncode(self) -> int | None:
        """As of the process, which is negative for a signal."""
        return self._process.returncode if self._process else None

    def signal(self, number: int) -> None:
        """Send a signal."""
        if self._process is not None and self.running:
            self._process.send_signal(number)

    async def kill(self) -> None:
        """SIGKILL."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def terminate(self) -> int | None:
        """SIGTERM, and wait. Gives the exit code; one that does not end is killed, and gives None."""
        self.signal(signal.SIGTERM)
        try:
            return await self.ended()
        except TimeoutError:
            await self.kill()
            return None

    async def ended(self) -> int | None:
        """Wait until it has ended, as it is expected to. Raises TimeoutError."""
        self._ending = True
        async with asyncio.timeout(ENDED):
            return await self._process.wait() if self._process else None


async def _ready(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:
        return False
