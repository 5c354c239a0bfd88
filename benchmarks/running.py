"""Processes of a trial: started on their cores, asked for their health, and killed with all that they started."""

import asyncio
import os
import signal
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from subprocess import DEVNULL, PIPE

import httpx

from benchmarks.contender import Command, NotRunnableError
from benchmarks.cores import Cores, on

READY = 60.0  # seconds until a contender has to answer
_FRAMES = " │╭╮╰╯─"
_LINES = 3  # of a log, to say why something did not start


def cores_of(number: int, commands: int, cores: Cores, role: str) -> frozenset[int]:
    """Where one of several commands runs: a core of its own where there are as many as commands, or else all of the
    application's.
    """
    if role == "store":
        return cores.rest
    if commands == len(cores.application):
        return frozenset({cores.application[number]})
    return frozenset(cores.application)


class Processes:
    """The processes of a contender, each the leader of a session, by which its children are found."""

    def __init__(self, folder: Path, cores: Cores) -> None:
        self._folder, self._cores = folder, cores
        self._started: list[tuple[Command, asyncio.subprocess.Process]] = []

    def sessions(self, role: str) -> list[int]:
        """Of all that have this role."""
        return [process.pid for command, process in self._started if command.role == role]

    async def run(self, commands: Iterable[Command]) -> None:
        """Run them to their ends, in order. Raises NotRunnableError."""
        for number, command in enumerate(commands):
            log = self._folder / f"before-{number}.log"
            process = await _start(command, log, self._cores.rest)
            if await process.wait():
                raise NotRunnableError(f"{_named(command)} failed: {_end_of(log)}")

    async def start(self, commands: Sequence[Command]) -> None:
        """Start them all."""
        applications = [command for command in commands if command.role == "application"]
        for number, command in enumerate(commands):
            place = applications.index(command) if command in applications else 0
            cores = cores_of(place, len(applications), self._cores, command.role)
            process = await _start(command, self._folder / f"process-{number}.log", cores)
            self._started.append((command, process))

    async def ready(self, urls: Iterable[str]) -> None:
        """Wait until each answers with 2xx. Raises NotRunnableError."""
        try:
            async with asyncio.timeout(READY), httpx.AsyncClient(trust_env=False, timeout=5) as client:
                for url in urls:
                    while not await _answers(client, url):
                        self._require()
                        await asyncio.sleep(0.05)
        except TimeoutError:
            raise NotRunnableError(f"it was not ready after {READY:g} s") from None

    def _require(self) -> None:
        for number, (command, process) in enumerate(self._started):
            if process.returncode is not None:
                log = self._folder / f"process-{number}.log"
                raise NotRunnableError(f"{_named(command)} ended with {process.returncode}: {_end_of(log)}")

    async def kill(self) -> None:
        """End all of them at once, with what they started."""
        for _, process in self._started:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        for _, process in self._started:
            await process.wait()


async def _start(command: Command, log: Path, cores: frozenset[int]) -> asyncio.subprocess.Process:
    with log.open("ab") as output, on(cores):
        try:
            return await asyncio.create_subprocess_exec(
                *command.arguments,
                env=os.environ | command.environment,
                cwd=command.folder,
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        except FileNotFoundError:
            raise NotRunnableError(f"there is no {command.arguments[0]}") from None


class Helper:
    """A process of ours beside the contender, which says one line when it is ready."""

    def __init__(self, process: asyncio.subprocess.Process, said: str) -> None:
        self.process, self.said = process, said

    @property
    def pid(self) -> int:
        """Its number."""
        return self.process.pid

    async def kill(self) -> None:
        """End it at once."""
        with suppress(ProcessLookupError):
            self.process.kill()
        await self.process.wait()

    async def tell(self, line: str) -> None:
        """Write a line to it."""
        if self.process.stdin is not None:
            self.process.stdin.write(f"{line}\n".encode())
            await self.process.stdin.drain()


async def helper(*arguments: str, told: str = "") -> Helper:
    """Start it, tell it a line, and wait for its own. Raises RuntimeError where it ends instead."""
    process = await asyncio.create_subprocess_exec(*arguments, stdin=PIPE, stdout=PIPE, start_new_session=True)
    started = Helper(process, "")
    if told:
        await started.tell(told)
    said = await process.stdout.readline() if process.stdout else b""
    if not said:
        raise RuntimeError(f"{' '.join(arguments)} ended with {await process.wait()}")
    started.said = said.decode().strip()
    return started


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).is_success
    except httpx.TransportError:
        return False


def _named(command: Command) -> str:
    return " ".join(Path(word).name if "/" in word else word for word in command.arguments[:5])


def _end_of(log: Path) -> str:
    """Its last lines as one, without the frames that some draw around what they say."""
    lines = (line.strip(_FRAMES) for line in log.read_text(errors="replace").splitlines())
    return " / ".join([line for line in lines if line][-_LINES:]) or "no output"
