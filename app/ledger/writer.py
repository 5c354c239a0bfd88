"""Writes together what many callers bring at once: while one write is under way, the next one gathers."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from datetime import timedelta
from itertools import islice
from typing import Generic, TypeVar

from app.ledger.engine import LedgerUnavailableError, UnfitError

AT_ONCE = 2  # writes under way, at most
SLOW = timedelta(milliseconds=100)  # a write that takes as long is overtaken, since it may wait for another's locks
BATCH = 64  # more in a write gains little, and makes everyone in it wait for the last

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
_Batch = dict[asyncio.Future[Outcome], Item]


class BacklogFullError(Exception):
    """As many wait to be written as may; nothing was done."""


class Writer(Generic[Item, Outcome]):
    """Each caller waits for its own outcome, however many are written with it.

    `write` takes some items and gives their outcomes in the same order. Where it raises UnfitError, one item keeps the
    others from being written, and is found by writing halves; any other exception is everyone's. An outcome that is
    one is raised for its item alone. There is nothing to
    start or to watch: a task that writes begins with the first who waits and ends with the last. It belongs to
    no caller: one that goes away takes nobody's write with it, and nothing that is logged meanwhile is said of one.
    Another task begins only where the first is `slow`: two at once would write half as much each, at nearly the same
    cost. Where nobody is in a hurry, it waits for others to `gather`.
    """

    def __init__(
        self,
        write: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        limit: int | None,
        patience: timedelta,
        gather: timedelta = timedelta(),
        slow: timedelta = SLOW,
    ) -> None:
        self._write = write
        self._limit = limit
        self._patience = patience.total_seconds()
        self._gather = gather.total_seconds()
        self._slow = gather.total_seconds() + slow.total_seconds()
        self._waiting: _Batch[Outcome, Item] = {}
        self._being_written = 0
        self._at_work = set[asyncio.Task[None]]()
        self._begun = 0.0  # when the last write began
        self._patient = deque[tuple[float, asyncio.Future[Outcome]]]()  # until when each waits, the first to end first
        self._watch: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def unwritten(self) -> int:
        """How many wait or are being written."""
        return len(self._waiting) + self._being_written

    @property
    def full(self) -> bool:
        """Whether another one would be refused."""
        return self._limit is not None and self.unwritten >= self._limit

    @property
    def room(self) -> int:
        """How many more would be taken at once."""
        return BATCH if self._limit is None else max(0, self._limit - self.unwritten)

    async def write(self, item: Item) -> Outcome:
        """The outcome of an item, once it is written. Raises BacklogFullError, TimeoutError when patience ends (the
        item may yet be written, if its write had begun), and what `write` raises.
        """
        if self.full:
            raise BacklogFullError
        mine = self._queue(item)
        try:
            return await mine
        finally:
            self._waiting.pop(mine, None)  # whoever goes before its write has begun leaves nothing behind

    async def write_all(self, items: Sequence[Item]) -> list[Outcome | BaseException]:
        """The outcomes of several, in their order; what is raised for one alone stands in its place, for the others may
        be written all the same. Raises BacklogFullError, for all.
        """
        if len(items) > self.room:
            raise BacklogFullError
        mine = [self._queue(item) for item in items]
        try:
            await asyncio.gather(*mine, return_exceptions=True)  # so that each exception is looked at
        finally:
            for each in mine:
                self._waiting.pop(each, None)
        return [each.exception() or each.result() for each in mine]

    def _queue(self, item: Item) -> asyncio.Future[Outcome]:
        if self._loop is None:
            self._loop = asyncio.get_running_loop()  # which takes a system call
        mine: asyncio.Future[Outcome] = self._loop.create_future()
        self._waiting[mine] = item
        if not self._at_work or (len(self._at_work) < AT_ONCE and self._loop.time() - self._begun >= self._slow):
            self._begun = self._loop.time()
            self._at_work.add(self._loop.create_task(self._work(), context=Context()))
        self._bound(mine, self._loop)
        return mine

    def _bound(self, mine: asyncio.Future[Outcome], loop: asyncio.AbstractEventLoop) -> None:
        """Have patience end. One timer for all: one for each would cost as much as the rest of this."""
        self._forget_done()
        self._patient.append((loop.time() + self._patience, mine))
        if self._watch is None:
            self._watch = loop.call_at(self._patient[0][0], self._end_patience, loop)

    def _end_patience(self, loop: asyncio.AbstractEventLoop) -> None:
        self._forget_done()
        while self._patient and self._patient[0][0] <= loop.time():
            self._patient.popleft()[1].set_exception(TimeoutError())
            self._forget_done()
        self._watch = loop.call_at(self._patient[0][0], self._end_patience, loop) if self._patient else None

    def _forget_done(self) -> None:
        while self._patient and self._patient[0][1].done():
            self._patient.popleft()
        if len(self._patient) > 2 * self.unwritten + BATCH:  # whoever is answered is behind one that is not
            self._patient = deque(each for each in self._patient if not each[1].done())

    async def finish(self) -> None:
        """Wait for the writes under way, also those that nobody waits for any more. No more may come."""
        await asyncio.gather(*self._at_work, return_exceptions=True)

    async def _work(self) -> None:
        try:
            while self._waiting:
                if self._gather and len(self._waiting) < BATCH:
                    await asyncio.sleep(self._gather)
                await self._write_some()
        finally:  # at once with the look above: nobody can come in between and find a task that no longer looks
            self._at_work.remove(asyncio.current_task())  # type: ignore[arg-type]  # this runs in a task

    async def _write_some(self) -> None:
        batch = dict(islice(self._waiting.items(), BATCH))
        for taken in batch:
            del self._waiting[taken]
        self._being_written += len(batch)
        self._begun = asyncio.get_running_loop().time()
        try:
            await self._settle(batch)
        finally:
            self._being_written -= len(batch)

    async def _settle(self, batch: _Batch[Outcome, Item]) -> None:
        """Give everyone in the batch an outcome or an exception, whatever happens."""
        try:
            outcomes = dict(zip(batch, await self._write(list(batch.values())), strict=True))
        except UnfitError as error:
            if len(batch) == 1:
                _fail(batch, error)
                return
            for half in _halves(batch):
                await self._settle(half)
        except Exception as error:  # noqa: BLE001 - it is raised where the outcome is waited for
            _fail(batch, error)
        except BaseException:
            _fail(batch, LedgerUnavailableError("the writing was cut off"))
            raise
        else:
            for waiting, outcome in outcomes.items():
                if not waiting.done():
                    _give(waiting, outcome)


def _give(waiting: asyncio.Future[Outcome], outcome: Outcome | Exception) -> None:
    if isinstance(outcome, Exception):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)


def _fail(batch: _Batch[Outcome, Item], error: Exception) -> None:
    for waiting in batch:
        if not waiting.done():
            waiting.set_exception(error)


def _halves(batch: _Batch[Outcome, Item]) -> tuple[_Batch[Outcome, Item], _Batch[Outcome, Item]]:
    items = list(batch.items())
    middle = len(items) // 2
    return dict(items[:middle]), dict(items[middle:])
