"""Retention on populated tables, beside everything else that goes on.

"Convoy #2810: every test ran on an empty table, and production never does" is a published failure of others, whose
pruning deleted what was still referred to. So there are rows of every status and age here, and claims in between.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.settlement import Settlement, Status
from app.ledger import retention
from app.ledger.census import take_census
from app.ledger.inbox import Duplicate, Inbox, Recorded
from app.ledger.outbox import Outbox
from app.ledger.retention import Keep, Retention
from app.ledger.tables import contributions, events, pruned
from tests import examples
from tests.integration.populated import DAY, ignore, populate

KEEP = Keep(contributions=30 * DAY, events=90 * DAY)
FINAL = (Status.CONTRIBUTED, Status.DECLINED, Status.DISCARDED)
OTHERS = tuple(status for status in Status if status not in FINAL)
LEASE = timedelta(minutes=1)


async def swept(engine: AsyncEngine, *, batch: int = 1000) -> Counter[str]:
    """A sweep, and what it says that it pruned."""
    total: Counter[str] = Counter()
    async for batch_pruned in Retention(engine, KEEP, batch=batch).sweep():
        total.update(batch_pruned)
    return total


async def count(engine: AsyncEngine, table: Any) -> int:
    async with engine.connect() as connection:
        return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


async def counters(engine: AsyncEngine) -> Counter[str]:
    async with engine.connect() as connection:
        rows = await connection.execute(select(pruned.c.what, pruned.c.count))
        return Counter({what: removed for what, removed in rows})  # noqa: C416 - of rows, which are no pairs to mypy


@asynccontextmanager
async def open_transaction(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """A transaction that holds its locks until the context ends; whatever waits for them meanwhile fails in the end."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            yield connection


@pytest.mark.parametrize("status", FINAL)
async def test_what_is_settled_long_enough_goes_and_its_key_stays(engine: AsyncEngine, status: Status) -> None:
    await populate(engine, "old", status=status, count=2500, received=31 * DAY)
    await populate(engine, "young", status=status, count=2500, received=29 * DAY)

    assert Counter({status: 2500}) == await swept(engine)
    assert (2500, 5000) == (await count(engine, contributions), await count(engine, events))
    assert (await take_census(engine)).balances


@pytest.mark.parametrize("status", OTHERS)
async def test_what_somebody_may_have_to_look_at_stays_for_ever_and_so_does_its_event(
    engine: AsyncEngine, status: Status
) -> None:
    await populate(engine, "old", status=status, count=2500, received=3000 * DAY)

    assert not await swept(engine)
    assert (2500, 2500) == (await count(engine, contributions), await count(engine, events))


async def test_an_event_goes_with_its_time_whether_it_was_ignored_or_owed(engine: AsyncEngine) -> None:
    await populate(engine, "old", count=1500, received=91 * DAY)
    await populate(engine, "young", count=1500, received=89 * DAY)
    await ignore(engine, "ignored", count=1500, received=91 * DAY)
    await ignore(engine, "lately-ignored", count=1500, received=89 * DAY)
    expected = {"contributed": 3000, "events.accepted": 1500, "events.ignored": 1500, "owed": 1500}

    assert Counter(expected) == await swept(engine, batch=400)
    assert (0, 3000) == (await count(engine, contributions), await count(engine, events))


async def test_an_event_stays_until_the_last_of_its_contributions_has_gone(engine: AsyncEngine) -> None:
    await Inbox(engine).record(examples.entry(sources=("one", "two")))
    async with engine.connect() as connection:
        await connection.execute(text("update events set received_at = now() - interval '1 year'"))
        await connection.execute(
            text(
                "update contributions set status = case source_id when 'one' then 'declined' else 'unknown' end, "
                "settled_at = now() - interval '1 year', id = overlay(id::text placing '00000000' from 1 for 8)::uuid"
            )
        )
        await connection.execute(
            text("update events set contribution_ids = (select array_agg(id order by source_id) from contributions)")
        )

    assert Counter({"declined": 1}) == await swept(engine)
    async with engine.connect() as connection:
        await connection.execute(text("update contributions set status = 'discarded'"))
    assert Counter({"discarded": 1, "events.accepted": 1, "owed": 2}) == await swept(engine)
    assert (await take_census(engine)).balances


async def test_settling_decides_and_not_the_time_that_the_event_claims(engine: AsyncEngine) -> None:
    await populate(engine, "late", count=1500, received=DAY, occurred=2000 * DAY)
    await populate(engine, "replayed", count=1500, received=60 * DAY, settled=DAY)
    await populate(engine, "future", count=1500, received=60 * DAY, occurred=-DAY)  # goes 31 days from now

    assert not await swept(engine)
    assert 4500 == await count(engine, contributions)


async def test_what_stays_is_read_once_a_sweep_and_hides_nothing_behind_it(engine: AsyncEngine) -> None:
    for round_number in range(3):
        received = (100 - round_number) * DAY
        await populate(engine, f"unknown-{round_number}", status=Status.UNKNOWN, count=700, received=received)
        await populate(engine, f"old-{round_number}", count=700, received=received - DAY / 2)

    batches = [dict(batch) async for batch in Retention(engine, KEEP, batch=100).sweep()]

    # 42 batches of 100 and an empty one, for each table
    assert (2 * 43, 2100, 2100) == (
        len(batches),
        sum(batch.get("contributed", 0) for batch in batches),
        sum(batch.get("owed", 0) for batch in batches),
    )


async def test_what_was_pruned_is_counted_over_all_sweeps(engine: AsyncEngine) -> None:
    await populate(engine, "first", count=1500, received=31 * DAY)
    first = await swept(engine)
    await populate(engine, "second", count=1500, received=91 * DAY)
    await populate(engine, "third", status=Status.DECLINED, count=1500, received=91 * DAY)

    assert first + await swept(engine) == await counters(engine)
    assert (await take_census(engine)).balances


async def test_two_sweepers_at_once_prune_everything_once(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    for status in Status:
        await populate(engine, status, status=status, count=1200, received=91 * DAY)
    await ignore(engine, "ignored", count=1200, received=91 * DAY)

    one, two = await asyncio.gather(swept(engine, batch=50), swept(other_engine, batch=70))
    last = await swept(engine)  # what each left to the other while both held it

    expected = {status.value: 1200 for status in FINAL} | {"events.ignored": 1200}
    assert Counter(expected | {"events.accepted": 3600, "owed": 3600}) == one + two + last
    assert one + two + last == await counters(engine)
    assert (await take_census(engine)).balances


async def test_a_sweep_leaves_alone_what_others_hold_and_waits_for_nobody(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    await populate(engine, "old", count=2000, received=91 * DAY)
    await ignore(engine, "ignored", count=2000, received=91 * DAY)

    async with open_transaction(other_engine) as connection:
        await connection.execute(text("select from contributions order by id limit 700 for update"))
        await connection.execute(text("select from events where ignored is not null limit 700 for update"))
        beside = await swept(engine)  # it would fail if it waited for the locks

    assert (1300, 1300) == (beside["contributed"], beside["events.ignored"])
    assert (700, 700) == (len(await _left(engine, "contributions")), (await swept(engine))["events.ignored"])


async def _left(engine: AsyncEngine, table: str) -> list[Any]:
    async with engine.connect() as connection:
        return list(await connection.execute(text(f"select * from {table}")))  # noqa: S608 - our own name


async def test_claims_settling_and_recording_wait_for_no_open_batch(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    """The batch's transaction is open for as long as they take: one that waited for it would fail."""
    await populate(engine, "old", count=2000, received=91 * DAY)
    await populate(engine, "due", status=Status.PENDING, count=2000, received=91 * DAY)
    outbox = Outbox(engine)

    async with open_transaction(other_engine) as connection:
        batches = _on(connection).sweep()
        while not (await anext(batches)).get("owed"):
            pass  # until contributions, events and counters have been written by the open transaction
        claims = await outbox.claim(500, token=uuid4(), lease=LEASE)
        contributed = Settlement(status=Status.CONTRIBUTED)
        settled = [await outbox.settle(claim, contributed, gateway_status=200, gateway_response="") for claim in claims]
        recorded = await Inbox(engine).record(examples.entry())
        assert (2000, 4000) == (
            (await take_census(engine)).by_status[Status.CONTRIBUTED] - 500,
            (await take_census(engine)).accepted - 1,
        )

    assert [True] * 500 == settled
    assert isinstance(recorded, Recorded)
    assert (await take_census(engine)).balances


def _on(connection: AsyncConnection) -> Retention:
    """Retention within a transaction of ours, which it therefore does not commit."""

    class Within(Retention):
        async def _execute(self, statement: Any, **parameters: Any) -> Any:
            return list(await connection.execute(statement, parameters))

    return Within(connection.engine, KEEP, batch=1000)


async def test_claims_and_recording_go_on_while_sweeps_run(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    await populate(engine, "old", count=3000, received=91 * DAY)
    await populate(engine, "due", status=Status.PENDING, count=600, received=DAY)
    outbox, inbox = Outbox(engine), Inbox(engine)
    sweeping = [asyncio.create_task(swept(each, batch=20)) for each in (engine, other_engine)]
    claimed: list[Any] = []

    while len(claimed) < 600:
        claims = await outbox.claim(10, token=uuid4(), lease=LEASE)
        claimed += [claim.id for claim in claims]
        for claim in claims:
            settlement = Settlement(status=Status.CONTRIBUTED)
            assert await outbox.settle(claim, settlement, gateway_status=200, gateway_response="")
        await inbox.record(examples.entry(f"bet-{len(claimed)}"))
    await asyncio.gather(*sweeping)
    await swept(engine)

    census = await take_census(engine)
    assert (600, 60, 3000) == (
        census.by_status[Status.CONTRIBUTED],
        census.by_status[Status.PENDING],
        census.pruned.owed,
    )
    assert census.balances


async def test_a_duplicate_is_one_after_its_contribution_was_pruned(engine: AsyncEngine) -> None:
    entry = examples.entry()
    recorded = await Inbox(engine).record(entry)
    await _contributed(engine, days=31)

    assert 1 == (await swept(engine))["contributed"]
    assert isinstance(recorded, Recorded)
    assert Duplicate(recorded.decided) == await Inbox(engine).record(entry)


async def test_an_event_is_new_once_its_key_was_pruned(engine: AsyncEngine) -> None:
    """Documented: nothing can remember for ever. So `retention.events` must outlive every retry of the sender."""
    await Inbox(engine).record(examples.entry())
    await _contributed(engine, days=91)

    assert {"contributed": 1, "events.accepted": 1, "owed": 1} == await swept(engine)
    assert isinstance(await Inbox(engine).record(examples.entry()), Recorded)
    assert (await take_census(engine)).balances


async def _contributed(engine: AsyncEngine, *, days: int) -> None:
    """As if everything had been contributed, and happened, so many days ago."""
    old_id = "('017f0000-0000' || right(id::text, 22))::uuid"
    async with engine.connect() as connection:
        await connection.execute(
            text(
                f"update contributions set status = 'contributed', settled_at = now() - make_interval(days => {days}), "  # noqa: S608 - ours
                f"id = {old_id}"
            )
        )
        await connection.execute(
            text(
                f"update events set received_at = now() - make_interval(days => {days}), "  # noqa: S608 - as above
                "contribution_ids = (select array_agg(id) from contributions)"
            )
        )


async def test_a_key_that_owes_something_only_since_it_was_looked_at_stays(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    """Released between the sweep's look and its lock: without its key, a repetition would contribute once more."""
    await ignore(engine, "old", count=1, received=91 * DAY)
    waits = retention.EVENTS.text.replace(
        "limit :batch", "limit :batch + (select 0 * count(pg_advisory_xact_lock(7)))", 1
    )
    after = dict.fromkeys(("feed", "brand_id", "event_id"), "")
    given = after | {"after": datetime.min.replace(tzinfo=UTC), "cut": datetime.now(UTC), "batch": 10}
    async with open_transaction(engine) as connection:
        await connection.execute(text("select pg_advisory_xact_lock(7)"))
        sweep = asyncio.create_task(_executed(other_engine, waits, given))
        await examples.eventually(lambda: _is_waiting(engine))
        await connection.execute(text("update events set ignored = null, contribution_ids = array[gen_random_uuid()]"))
    await sweep

    assert await count(engine, events) == 1


async def _executed(engine: AsyncEngine, statement: str, given: dict[str, Any]) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), given)


async def _is_waiting(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        return bool(await connection.scalar(text("select count(*) from pg_locks where not granted")))
