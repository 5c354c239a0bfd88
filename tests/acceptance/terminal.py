"""A terminal, as whoever follows a guide has one: what is pasted into it runs in a shell that stays."""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import token_hex

import anyio

from tests import examples


class Terminal:
    """A shell: its folder, its variables and its functions stay from one paste to the next."""

    def __init__(self, process: Process, pasted: Path) -> None:
        self._process = process
        self._pasted = pasted

    async def paste(self, commands: str) -> str:
        """What the commands print, mistakes too."""
        assert self._process.stdin
        assert self._process.stdout
        end = f"end-{token_hex(8)}"
        self._pasted.write_text(commands)
        self._process.stdin.write(f"source {self._pasted} < /dev/null\necho {end}\n".encode())
        with anyio.fail_after(examples.DEADLINE):
            output = await self._process.stdout.readuntil(f"{end}\n".encode())
        return output.decode().removesuffix(f"{end}\n").replace("\r\n", "\n")  # as a terminal shows it


@asynccontextmanager
async def terminal(folder: Path, *, pasted: Path) -> AsyncIterator[Terminal]:
    """Open one in a folder. `pasted` is a file for what is pasted."""
    process = await asyncio.create_subprocess_exec(
        *("bash", "--norc", "--noprofile"), cwd=folder, stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    try:
        yield Terminal(process, pasted)
    finally:
        assert process.stdin
        process.stdin.close()
        await process.wait()


@asynccontextmanager
async def in_another_terminal(*command: str, folder: Path, log: Path) -> AsyncIterator[None]:
    """Run what stays, until the context ends; then Ctrl-C."""
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *command, cwd=folder, stdin=DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    try:
        yield
    finally:
        if process.returncode is None:
            process.send_signal(2)
        with anyio.fail_after(examples.DEADLINE):
            await process.wait()
