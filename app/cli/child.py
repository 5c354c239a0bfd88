"""A worker as its parent has it: a process, and a line over which each hears of the other, and of its end."""

import asyncio
import socket
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from subprocess import DEVNULL

SERVES = b"+"  # said by a worker when it does, and then again and again
AGAIN = 1.0  # seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A worker that was started."""

    process: asyncio.subprocess.Process
    line: socket.socket

    async def serves(self) -> bool:
        """Wait until it does. False when it ends instead."""
        with suppress(ConnectionError):
            return bool(await asyncio.get_running_loop().sock_recv(self.line, 1024))
        return False

    async def hangs(self, patience: int) -> bool:
        """Wait until it has said nothing so many times in a row. False when it ends instead. Times are counted, and not
        a clock read: where all of us were stopped for a while, nobody hung.
        """
        silent = 0
        while silent < patience:
            try:
                async with asyncio.timeout(AGAIN):
                    if not await self.serves():
                        return False
                silent = 0
            except TimeoutError:
                silent += 1
        return True

    def pass_on(self, signal_number: int) -> None:
        """Tell it of a signal that its parent got."""
        with suppress(OSError):  # it has ended
            self.line.send(bytes([signal_number]))

    async def end(self) -> int:
        """Wait for its end. Gives its exit status, or a signal's number, negative."""
        status = await self.process.wait()
        self.line.close()
        return status


async def start_worker(*options: str, listeners: Iterable[socket.socket]) -> Child:
    """Start `event-processor worker`, which has the listeners from then on. Raises OSError."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    passed = [theirs, *listeners]
    try:
        process = await asyncio.create_subprocess_exec(
            *_this_command(),
            *("worker", "--line", str(theirs.fileno())),
            *(word for listener in listeners for word in ("--listener", str(listener.fileno()))),
            *options,
            stdin=DEVNULL,
            pass_fds=[given.fileno() for given in passed],
            process_group=0,  # Ctrl-C reaches us alone, and we pass it on
        )
    except OSError:
        ours.close()
        raise
    finally:
        for given in passed:
            given.close()
    return Child(process=process, line=ours)


def _this_command() -> list[str]:
    """Ourselves, as we were started, up to our arguments."""
    return [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv[1:])]]
