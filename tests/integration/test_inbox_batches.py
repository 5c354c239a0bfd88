"""The inbox, when many events arrive at once: they are recorded together, and none suffers for another."""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.filtering import IgnoreReason
from app.ledger.engine import LedgerUnavailableError, create_engine
from app.ledger.inbox import Conflict, Duplicate, Inbox, Recorded
from app.ledger.recording import Decided, Entry
from app.ledger.tables import contributions, events
from app.ledger.writer import BATCH, BacklogFullError
from tests import examples

ACCEPTED = Decided(contributions=1, ignored=None)


async def _record(inbox: Inbox, entries: list[Entry]) -> list[Any]:
    """The outcome of each, an exception among them, when all arrive at once."""
    return await asyncio.gather(*map(inbox.record, entries), return_exceptions=True)


async def _execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(statement))


async def _scalar(engine: AsyncEngine, query: str) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text(query)) or 0)


async def test_events_that_arrive_together_are_committed_together(engine: AsyncEngine) -> None:
    entries = [examples.entry(str(number)) for number in range(BATCH)]

    assert [Recorded(ACCEPTED)] * BATCH == await _record(Inbox(engine), entries)
    assert await _scalar(engine, "select count(*) from events") == BATCH
    assert await _scalar(engine, "select count(distinct xmin::text) from events") == 1
    assert await _scalar(engine, "select count(distinct xmin::text) from contributions") == 1


async def test_each_event_owes_its_own_contributions(engine: AsyncEngine) -> None:
    sources = [("a", "b", "c"), (), ("d",), ("e", "f"), (), ("g",)]
    entries = [examples.entry(str(number), sources=owed) for number, owed in enumerate(sources)]

    outcomes = await _record(Inbox(engine), entries)

    assert outcomes == [
        Recorded(Decided(contributions=len(owed), ignored=None if owed else IgnoreReason.ROLLBACK)) for owed in sources
    ]
    async with engine.connect() as connection:
        owing = (await connection.execute(select(events.c.event_id, events.c.contribution_ids))).all()
        columns = (contributions.c.event_id, contributions.c.id, contributions.c.source_id, contributions.c.body)
        owed_rows = (await connection.execute(select(*columns))).all()
    assert {entry.key.event_id: [owed.id for owed in entry.decision.contributions] for entry in entries} == dict(
        map(tuple, owing)
    )
    assert {
        (entry.key.event_id, owed.id, owed.source_id, owed.body)
        for entry in entries
        for owed in entry.decision.contributions
    } == set(map(tuple, owed_rows))


async def test_the_same_id_twice_in_one_batch_is_recorded_once(engine: AsyncEngine) -> None:
    """Outpost #946: the same id twice in one batch kills the consumer."""
    entries = [examples.entry("1"), examples.entry("twice"), examples.entry("twice"), examples.entry("2")]

    outcomes = await _record(Inbox(engine), [*entries, entries[0]])

    first, again = Recorded(ACCEPTED), Duplicate(ACCEPTED)
    assert [first, first, again, first, again] == outcomes
    assert await _scalar(engine, "select count(*) from contributions") == 3


async def test_the_same_id_with_other_content_in_one_batch_is_a_conflict(engine: AsyncEngine) -> None:
    """Outpost #946: the same id twice in one batch kills the consumer."""
    amounts = ["1.00", "2.00", "1.00", "3.00"]

    outcomes = await _record(
        Inbox(engine), [examples.entry(amount=amount) for amount in amounts] + [examples.entry("2")]
    )

    assert [Recorded(ACCEPTED), Conflict(), Duplicate(ACCEPTED), Conflict(), Recorded(ACCEPTED)] == outcomes
    async with engine.connect() as connection:
        payload = await connection.scalar(select(events.c.payload).where(events.c.event_id == "bet-1"))
    assert '"amount": "1.00"' in str(payload)


async def test_a_batch_of_new_and_old_tells_them_apart(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await _record(inbox, [examples.entry("old"), examples.entry("ignored", sources=())])

    outcomes = await _record(
        inbox,
        [
            examples.entry("new"),
            examples.entry("old"),
            examples.entry("old", amount="9.99"),
            examples.entry("ignored", sources=()),
        ],
    )

    ignored = Decided(contributions=0, ignored=IgnoreReason.ROLLBACK)
    assert [Recorded(ACCEPTED), Duplicate(ACCEPTED), Conflict(), Duplicate(ignored)] == outcomes


async def test_overlapping_batches_in_opposite_orders_do_not_deadlock(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    """Each insert takes a moment, so that the batches are sure to meet half-way."""
    await _execute(
        engine,
        "create function slowly() returns trigger language plpgsql as 'begin perform pg_sleep(0.002); return new; end'",
    )
    await _execute(engine, "create trigger slowly before insert on events for each row execute function slowly()")
    entries = [examples.entry(f"{number:03}") for number in range(BATCH)]

    outcomes = await asyncio.gather(
        _record(Inbox(engine), entries), _record(Inbox(other_engine), list(reversed(entries)))
    )

    assert Counter({Recorded: BATCH, Duplicate: BATCH}) == Counter(map(type, [*outcomes[0], *outcomes[1]]))


@pytest.mark.parametrize("unfit", ["sesame", "\ud800"], ids=["a constraint", "what has no encoding"])
async def test_an_event_that_the_database_will_not_have_fails_alone(engine: AsyncEngine, unfit: str) -> None:
    await _execute(engine, "alter table events add constraint refuse check (payload not like '%sesame%')")
    entries = [examples.entry(str(number)) for number in range(20)]
    wrong = examples.entry("wrong")
    object.__setattr__(wrong, "payload", unfit)

    outcomes = await _record(Inbox(engine), [*entries[:7], wrong, *entries[7:]])

    assert isinstance(outcomes.pop(7), LedgerUnavailableError)
    assert [Recorded(ACCEPTED)] * 20 == outcomes


async def test_of_several_brought_together_one_that_the_database_will_not_have_fails_alone(engine: AsyncEngine) -> None:
    entries = [examples.entry(str(number)) for number in range(20)]
    object.__setattr__(entries[7], "payload", "\ud800")

    outcomes = await Inbox(engine).record_all(entries)

    assert isinstance(outcomes.pop(7), LedgerUnavailableError)
    assert [Recorded(ACCEPTED)] * 19 == outcomes


async def test_several_brought_together_wait_no_longer_than_patience(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    inbox = Inbox(engine, patience=timedelta(milliseconds=100))
    async with other_engine.connect() as blocking:
        await blocking.execution_options(isolation_level="READ COMMITTED")
        async with blocking.begin() as transaction:
            await blocking.execute(text("lock table events in exclusive mode"))
            outcomes = await inbox.record_all([examples.entry("1"), examples.entry("2")])
            await transaction.rollback()
    await inbox.finish()

    assert [LedgerUnavailableError] * 2 == list(map(type, outcomes))


async def test_a_lost_connection_fails_all_who_wait_and_recording_again_is_safe(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    inbox, entries = Inbox(engine), [examples.entry(str(number)) for number in range(10)]
    async with other_engine.connect() as blocking:
        await blocking.execution_options(isolation_level="READ COMMITTED")
        async with blocking.begin() as transaction:
            await blocking.execute(text("lock table events in exclusive mode"))
            recording = asyncio.create_task(_record(inbox, entries))
            await examples.eventually(lambda: _cuts_who_waits(other_engine))
            outcomes = await recording
            await transaction.rollback()

    assert {LedgerUnavailableError} == set(map(type, outcomes))
    assert [Recorded(ACCEPTED)] * 10 == await _record(inbox, entries)


async def _cuts_who_waits(engine: AsyncEngine) -> bool:
    query = "select count(pg_terminate_backend(pid)) from pg_locks where not granted"
    return await _scalar(engine, query) > 0


async def test_nobody_waits_longer_than_patience_for_a_slow_commit(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    inbox = Inbox(engine, patience=timedelta(milliseconds=100))
    entries = [examples.entry(str(number)) for number in range(3 * BATCH)]
    async with other_engine.connect() as blocking:
        await blocking.execution_options(isolation_level="READ COMMITTED")
        async with blocking.begin() as transaction:
            await blocking.execute(text("lock table events in exclusive mode"))
            outcomes = await _record(inbox, entries)
            await transaction.rollback()

    async def all_written() -> bool:
        return inbox.unwritten == 0

    assert {LedgerUnavailableError} == set(map(type, outcomes))
    await examples.eventually(all_written)
    patient = Inbox(engine)
    assert {Recorded, Duplicate} == set(map(type, await _record(patient, entries)))
    assert await _scalar(engine, "select count(*) from events") == 3 * BATCH


async def test_no_more_events_wait_than_the_limit(engine: AsyncEngine) -> None:
    inbox = Inbox(engine, limit=10)

    outcomes = await _record(inbox, [examples.entry(str(number)) for number in range(25)])

    assert Counter({Recorded: 10, BacklogFullError: 15}) == Counter(map(type, outcomes))
    assert (inbox.unwritten, inbox.full) == (0, False)


async def test_it_works_without_prepared_statements_too(database_url: str) -> None:
    """As behind a proxy that hands out a connection per transaction."""
    engine = create_engine(database_url, pool_size=4, timeout=timedelta(seconds=30), prepared_statements=False)
    entries = [examples.entry(str(number % 50), sources=("a", "b")) for number in range(100)]

    outcomes = await _record(Inbox(engine), entries)

    assert Counter({Recorded: 50, Duplicate: 50}) == Counter(map(type, outcomes))
    assert await _scalar(engine, "select count(*) from contributions") == 100
    await engine.dispose()
