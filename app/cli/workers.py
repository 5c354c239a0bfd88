"""Several workers at one address: started, replaced where they end unasked, and told together to stop."""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from app.cli.child import Child, start_worker
from app.cli.listening import SharedAddresses
from app.observability.sharing import forget

FAILED = 3  # the exit status where a worker does not start and says nothing better
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0  # seconds before a worker is replaced
PATIENCE = 30  # seconds that a worker may hang
LASTING = 60.0  # seconds after which a worker's end has nothing to do with the one before

_log = structlog.get_logger()


def wait(ends: int) -> float:
    """The seconds to wait before a worker is replaced, where so many ended in a row."""
    return min(FIRST_WAIT * 2.0 ** min(ends - 1, 30), LONGEST_WAIT)


class Workers:
    """`folder` is where they keep their metrics; `options` are given to each. One that hangs for so many seconds is
    killed, since those who connect would go on being given to it.
    """

    def __init__(
        self,
        addresses: SharedAddresses,
        *,
        count: int,
        folder: Path,
        options: Sequence[str] = (),
        patience: int = PATIENCE,
    ) -> None:
        self._addresses = addresses
        self._numbers = range(1, count + 1)
        self._folder = folder
        self._options = options
        self._patience = patience
        self._children = set[Child]()
        self._signals = list[int]()  # those to be passed on, also to who is only now being started
        self._stopping = asyncio.Event()
        self._serving = asyncio.Event()
        self._status = 0

    async def run(self) -> int:
        """Have them all serve until a signal ends them, and wait for that. Gives the exit status, or the signal's
        number, negative. Where one does not start the first time, none is left: the others would not do better.
        """
        loop = asyncio.get_running_loop()
        for each in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(each, self._stop, each)
        first, *others = self._numbers
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep(first))
                await self._serving.wait()  # it makes an embedded database; and if it can't start, it alone says why
                for number in others:
                    group.create_task(self._keep(number))
        finally:
            for each in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(each)
        return self._status or -self._signals[0]

    def _stop(self, signal_number: int) -> None:
        """Pass a signal on, and replace nobody from now on."""
        self._signals.append(signal_number)
        self._stopping.set()
        self._serving.set()
        for child in self._children:
            child.pass_on(signal_number)

    async def _keep(self, number: int) -> None:
        """Have a worker of this number until all stop."""
        in_a_row = unseen = 0  # how many ended; and how many since one last served, which counts them
        served = False
        while not self._stopping.is_set():
            began = time.monotonic()
            status, serves = await self._run(number, unseen)
            if self._stopping.is_set():
                return
            served |= serves
            if not served:
                self._fail(number, status)
                return
            in_a_row = 1 if time.monotonic() - began > LASTING else in_a_row + 1
            unseen = 1 if serves else unseen + 1
            _log.error("workers.ended", worker=number, status=status, replaced_in=wait(in_a_row))
            await self._rest(wait(in_a_row))

    async def _run(self, number: int, unseen: int) -> tuple[int, bool]:
        """Have one worker, from its start to its end. Gives its exit status, and whether it came to serve."""
        options = (f"--number={number}", f"--metrics={self._folder}", f"--ended={unseen}", *self._options)
        try:
            child = await start_worker(*options, listeners=self._addresses.for_one_worker())
        except OSError as error:
            _log.error("workers.not_started", worker=number, error=str(error))
            return FAILED, False
        self._children.add(child)
        for signal_number in self._signals:
            child.pass_on(signal_number)
        if serves := await child.serves():
            _log.info("workers.serves", worker=number, pid=child.process.pid)
            self._serving.set()
            if await child.hangs(self._patience):
                _log.error("workers.hangs", worker=number, pid=child.process.pid)
                child.process.kill()
        status = await child.end()
        self._children.discard(child)
        forget(self._folder, number)
        return status, serves

    def _fail(self, number: int, status: int) -> None:
        _log.error("workers.start_failed", worker=number, status=status)
        self._status = max(status, 0) or FAILED
        self._stop(signal.SIGTERM)

    async def _rest(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
