"""Writing together: everyone gets their own outcome, or an exception, whatever happens to the others."""

import asyncio
from collections.abc import Sequence
from contextvars import ContextVar
from datetime import timedelta
from itertools import chain
from random import Random
from weakref import WeakSet

import pytest

from app.ledger.engine import LedgerUnavailableError, UnfitError
from app.ledger.writer import AT_ONCE, BATCH, BacklogFullError, Writer
from tests import examples


class Paper:
    """What is written on, once it is let. Items are numbers, outcomes their texts; what is in `unfit` is refused."""

    def __init__(self, *, unfit: frozenset[int] = frozenset()) -> None:
        self.batches = list[list[int]]()
        self.open = asyncio.Event()
        self._unfit = unfit

    async def write(self, items: Sequence[int]) -> list[str]:
        self.batches.append(list(items))
        await self.open.wait()
        if self._unfit.intersection(items):
            raise UnfitError("unfit")
        return [str(item) for item in items]

    def writer(
        self, *, limit: int = 1000, patience: timedelta = timedelta(minutes=1), slow: timedelta = timedelta()
    ) -> Writer[int, str]:
        """Unless told, every write counts as slow from its beginning."""
        return Writer(self.write, limit=limit, patience=patience, slow=slow)


async def _all_at_work(writer: Writer[int, str], paper: Paper) -> list[asyncio.Task[str]]:
    """Begin as many writes as there may be at once, so that whoever comes next waits."""
    first = list[asyncio.Task[str]]()
    for number in range(AT_ONCE):
        first.append(asyncio.create_task(writer.write(-number)))
        await _written(paper, number + 1)
    return first


async def _written(paper: Paper, batches: int) -> None:
    async def begun() -> bool:
        return len(paper.batches) == batches

    await examples.eventually(begun)


async def _waiting(writer: Writer[int, str], unwritten: int) -> None:
    async def so_many() -> bool:
        return writer.unwritten == unwritten

    await examples.eventually(so_many)


async def test_one_alone_is_written_at_once() -> None:
    paper = Paper()
    paper.open.set()

    assert await paper.writer().write(1) == "1"
    assert paper.batches == [[1]]


async def test_those_who_come_during_a_write_are_written_together() -> None:
    paper = Paper()
    writer = paper.writer()
    first = await _all_at_work(writer, paper)
    others = [asyncio.create_task(writer.write(number)) for number in range(1, 11)]
    await _waiting(writer, AT_ONCE + 10)
    paper.open.set()

    assert [str(number) for number in range(1, 11)] == await asyncio.gather(*others)
    assert paper.batches[AT_ONCE:] == [list(range(1, 11))]
    await asyncio.gather(*first)


async def test_another_write_begins_only_where_the_first_is_slow() -> None:
    paper = Paper()
    writer = paper.writer(slow=timedelta(hours=1))
    waiting = [asyncio.create_task(writer.write(number)) for number in range(3)]
    await _written(paper, 1)
    waiting += [asyncio.create_task(writer.write(number)) for number in range(3, 6)]
    await _waiting(writer, 6)
    paper.open.set()

    assert [str(number) for number in range(6)] == await asyncio.gather(*waiting)
    assert paper.batches == [[0, 1, 2], [3, 4, 5]]


async def test_a_batch_is_bounded() -> None:
    paper = Paper()
    paper.open.set()
    writer = paper.writer()

    await asyncio.gather(*(writer.write(number) for number in range(3 * BATCH + 1)))

    assert max(map(len, paper.batches)) == BATCH
    assert list(chain(*paper.batches)) == list(range(3 * BATCH + 1))


async def test_everyone_gets_their_own_outcome_however_they_come() -> None:
    paper, random = Paper(), Random(1)
    paper.open.set()
    writer = paper.writer(limit=5000)

    async def one(number: int) -> str:
        for _ in range(random.randrange(200)):
            await asyncio.sleep(0)
        return await writer.write(number)

    assert [str(number) for number in range(3000)] == await asyncio.gather(*map(one, range(3000)))
    assert writer.unwritten == 0


async def test_whoever_comes_when_it_is_full_is_refused_and_the_next_is_not() -> None:
    paper = Paper()
    writer = paper.writer(limit=2)
    waiting = [asyncio.create_task(writer.write(number)) for number in range(2)]
    await _waiting(writer, 2)

    assert writer.full
    with pytest.raises(BacklogFullError):
        await writer.write(3)

    paper.open.set()
    await asyncio.gather(*waiting)
    assert await writer.write(4) == "4"
    assert writer.unwritten == 0


async def test_patience_ends_also_for_those_whose_write_has_not_begun_and_they_are_not_written() -> None:
    paper = Paper()
    writer = paper.writer(patience=timedelta(milliseconds=20))
    first = await _all_at_work(writer, paper)

    with pytest.raises(TimeoutError):
        await writer.write(17)
    assert {TimeoutError} == set(map(type, await asyncio.gather(*first, return_exceptions=True)))
    await _waiting(writer, AT_ONCE)  # those are being written, whoever waits for them
    paper.open.set()
    await _waiting(writer, 0)

    assert 17 not in list(chain(*paper.batches))


async def test_whoever_goes_away_takes_nobodys_write_with_it() -> None:
    """The one whose coming began the write, and one in the middle of those who wait."""
    paper = Paper()
    writer = paper.writer()
    first = await _all_at_work(writer, paper)
    others = [asyncio.create_task(writer.write(number)) for number in range(1, 4)]
    await _waiting(writer, AT_ONCE + 3)

    for gone in (first[0], others[1]):
        gone.cancel()
    await asyncio.wait([first[0], others[1]])
    paper.open.set()

    assert [str(-1), "1", "3"] == await asyncio.gather(*first[1:], others[0], others[2])
    assert paper.batches == [[0], [-1], [1, 3]]
    assert writer.unwritten == 0


async def test_a_failure_is_everyones_and_the_next_write_is_tried() -> None:
    fails = [True]

    async def write(items: Sequence[int]) -> list[int]:
        if fails.pop():
            fails.append(False)
            raise OSError("down")
        return list(items)

    writer = Writer(write, limit=10, patience=timedelta(minutes=1))

    outcomes = await asyncio.gather(*(writer.write(number) for number in range(5)), return_exceptions=True)

    assert {"down"} == set(map(str, outcomes))
    fails[:] = [False]
    assert await writer.write(7) == 7


async def test_what_is_unfit_is_found_among_its_neighbours() -> None:
    paper = Paper(unfit=frozenset({3, 17}))
    paper.open.set()
    writer = paper.writer()

    outcomes = await asyncio.gather(*(writer.write(number) for number in range(20)), return_exceptions=True)

    assert {3, 17} == {number for number, outcome in enumerate(outcomes) if isinstance(outcome, UnfitError)}
    assert all(outcome == str(number) for number, outcome in enumerate(outcomes) if number not in {3, 17})


async def test_nobody_waits_for_a_write_that_was_cut_off() -> None:
    async def write(_items: Sequence[int]) -> list[int]:
        raise asyncio.CancelledError

    writer = Writer(write, limit=10, patience=timedelta(minutes=1))

    outcomes = await asyncio.gather(*(writer.write(number) for number in range(5)), return_exceptions=True)

    assert {LedgerUnavailableError} == set(map(type, outcomes))


async def test_nobody_waits_for_an_outcome_that_was_forgotten() -> None:
    async def write(items: Sequence[int]) -> list[int]:
        return list(items)[1:]

    writer = Writer(write, limit=10, patience=timedelta(minutes=1))

    outcomes = await asyncio.gather(*(writer.write(number) for number in range(5)), return_exceptions=True)

    assert {ValueError} == set(map(type, outcomes))


async def test_finishing_waits_for_writes_that_nobody_waits_for() -> None:
    paper = Paper()
    writer = paper.writer()
    for gone in await _all_at_work(writer, paper):
        gone.cancel()
    finishing = asyncio.create_task(writer.finish())
    await asyncio.sleep(0)

    assert (False, AT_ONCE) == (finishing.done(), writer.unwritten)
    paper.open.set()
    await finishing
    assert writer.unwritten == 0


async def test_patience_ends_for_each_in_its_time_and_for_nobody_who_was_answered() -> None:
    paper = Paper()
    writer = paper.writer(patience=timedelta(milliseconds=20))
    for _ in range(3):
        paper.open.set()
        assert await writer.write(1) == "1"
        paper.open.clear()
        with pytest.raises(TimeoutError):
            await writer.write(2)
    paper.open.set()
    await _waiting(writer, 0)


async def test_what_is_written_for_many_is_nobodys_request() -> None:
    """What is logged, or begun, by a write that one request happened to start is not that request's."""
    request = ContextVar[int | None]("request", default=None)
    seen = set[int | None]()

    async def write(items: Sequence[int]) -> list[int]:
        seen.add(request.get())
        return list(items)

    async def one(number: int) -> None:
        request.set(number)
        await writer.write(number)

    writer = Writer(write, limit=None, patience=timedelta(minutes=1))
    await asyncio.gather(*[asyncio.create_task(one(number)) for number in range(5)])

    assert {None} == seen


async def test_who_was_answered_is_not_kept_while_somebody_before_waits() -> None:
    class Outcome:
        pass

    kept = WeakSet[Outcome]()
    begun, stuck = asyncio.Event(), asyncio.Event()

    async def write(items: Sequence[int]) -> list[Outcome]:
        if 0 in items:
            begun.set()
            await stuck.wait()
        outcomes = [Outcome() for _ in items]
        kept.update(outcomes)
        return outcomes

    writer = Writer(write, limit=None, patience=timedelta(minutes=1), slow=timedelta())
    first = asyncio.create_task(writer.write(0))
    await begun.wait()
    for number in range(1, 1000):
        await writer.write(number)

    assert len(kept) < 4 * BATCH
    stuck.set()
    await first


async def test_those_in_no_hurry_are_written_together_though_they_come_one_after_the_other() -> None:
    paper = Paper()
    paper.open.set()
    writer = Writer(paper.write, limit=None, patience=timedelta(minutes=1), gather=timedelta(milliseconds=20))

    async def late() -> str:
        await asyncio.sleep(0)
        return await writer.write(2)

    assert ["1", "2"] == list(await asyncio.gather(writer.write(1), late()))
    assert paper.batches == [[1, 2]]


async def test_several_are_written_in_their_order_or_refused_together_where_there_is_no_room_for_all() -> None:
    paper = Paper()
    writer = paper.writer(limit=3)
    first = asyncio.create_task(writer.write_all([1, 2]))
    await _waiting(writer, 2)

    assert writer.room == 1
    with pytest.raises(BacklogFullError):
        await writer.write_all([3, 4])
    assert writer.unwritten == 2
    paper.open.set()
    assert await first == ["1", "2"]


async def test_what_several_wait_for_is_left_when_they_go_away() -> None:
    paper = Paper()
    writer = paper.writer()
    first = await _all_at_work(writer, paper)
    others = asyncio.create_task(writer.write_all([1, 2]))
    await _waiting(writer, AT_ONCE + 2)
    others.cancel()
    await asyncio.gather(others, return_exceptions=True)

    assert writer.unwritten == AT_ONCE
    paper.open.set()
    await asyncio.gather(*first)


async def test_of_several_each_has_its_outcome_and_one_that_fails_its_exception() -> None:
    paper = Paper(unfit=frozenset({2}))
    writer = paper.writer()
    paper.open.set()

    first, second, third = await writer.write_all([1, 2, 3])

    assert isinstance(second, UnfitError)
    assert [await writer.write(1), await writer.write(3)] == [first, third]
