"""The inbox: each event once, whoever races, and nothing acknowledged that is not committed."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.filtering import IgnoreReason
from app.ledger.engine import LedgerUnavailableError, create_engine
from app.ledger.inbox import Conflict, Duplicate, Inbox, Recorded
from app.ledger.recording import Decided
from app.ledger.tables import contributions, events
from tests import examples

ACCEPTED = Decided(contributions=1, ignored=None)


async def _count(engine: AsyncEngine, table: str) -> int:
    async with engine.connect() as connection:
        return int(await connection.scalar(text(f"select count(*) from {table}")) or 0)  # noqa: S608 - our own names


async def test_a_new_event_is_recorded_with_what_it_owes(engine: AsyncEngine) -> None:
    entry = examples.entry(sources=("casino-wide", "book-of-examples"))

    assert Recorded(Decided(contributions=2, ignored=None)) == await Inbox(engine).record(entry)

    async with engine.connect() as connection:
        rows = (
            await connection.execute(
                select(contributions.c.id, contributions.c.source_id, contributions.c.body, contributions.c.status)
            )
        ).all()
    assert {(owed.id, owed.source_id, owed.body, "pending") for owed in entry.decision.contributions} == set(rows)


async def test_the_same_event_again_is_a_duplicate_and_writes_nothing(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await inbox.record(examples.entry())

    assert Duplicate(ACCEPTED) == await inbox.record(examples.entry())
    assert (await _count(engine, "events"), await _count(engine, "contributions")) == (1, 1)


async def test_a_duplicate_is_told_the_first_decision_though_the_rules_have_changed(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await inbox.record(examples.entry())

    assert Duplicate(ACCEPTED) == await inbox.record(examples.entry(sources=()))


async def test_another_event_under_the_same_key_is_a_conflict_and_the_first_stands(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await inbox.record(examples.entry(amount="2.50"))

    assert Conflict() == await inbox.record(examples.entry(amount="9.99"))

    async with engine.connect() as connection:
        assert '"amount": "2.50"' in str(await connection.scalar(select(events.c.payload)))
    assert await _count(engine, "contributions") == 1


async def test_an_ignored_event_is_recorded_with_its_reason(engine: AsyncEngine) -> None:
    inbox, entry = Inbox(engine), examples.entry(sources=())
    ignored = Decided(contributions=0, ignored=IgnoreReason.ROLLBACK)

    assert Recorded(ignored) == await inbox.record(entry)
    assert Duplicate(ignored) == await inbox.record(entry)
    assert await _count(engine, "contributions") == 0


async def test_of_two_hundred_equal_events_over_two_pools_one_is_recorded(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    inboxes = Inbox(engine), Inbox(other_engine)

    outcomes = await asyncio.gather(*(inboxes[turn % 2].record(examples.entry()) for turn in range(200)))

    assert Counter({Recorded: 1, Duplicate: 199}) == Counter(map(type, outcomes))
    assert (await _count(engine, "events"), await _count(engine, "contributions")) == (1, 1)


async def test_of_conflicting_events_in_a_race_one_stands_and_its_equals_are_duplicates(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    inboxes = Inbox(engine), Inbox(other_engine)
    amounts = ["1.00", "2.00"] * 50

    outcomes = await asyncio.gather(
        *(inboxes[turn // 2 % 2].record(examples.entry(amount=amount)) for turn, amount in enumerate(amounts))
    )

    assert Counter({Recorded: 1, Duplicate: 49, Conflict: 50}) == Counter(map(type, outcomes))


async def test_a_duplicate_waits_for_the_first_to_commit_and_takes_its_place_when_it_does_not(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    """The first has inserted and not committed. Answering the second as a duplicate now would lose both."""
    entry = examples.entry()
    async with other_engine.connect() as first:
        await first.execution_options(isolation_level="READ COMMITTED")
        async with first.begin() as transaction:
            await first.execute(
                events.insert().values(
                    feed="bet",
                    brand_id="brand1",
                    event_id="bet-1",
                    fingerprint=entry.fingerprint,
                    contribution_ids=[owed.id for owed in entry.decision.contributions],
                    payload="{}",
                )
            )
            second = asyncio.create_task(Inbox(engine).record(entry))
            await examples.eventually(lambda: _is_waiting(other_engine))
            await transaction.rollback()

    assert Recorded(ACCEPTED) == await second


async def _is_waiting(engine: AsyncEngine) -> bool:
    async with engine.connect() as connection:
        query = text("select count(*) from pg_locks where not granted")
        return bool(await connection.scalar(query))


@given(payloads=st.lists(st.text().filter(lambda text: "\0" not in text), min_size=1, max_size=5))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_any_text_comes_back_as_it_was_sent(engine: AsyncEngine, payloads: list[str]) -> None:
    async with engine.connect() as connection:
        await connection.execute(events.delete())
    for number, payload in enumerate(payloads):
        await Inbox(engine).record(examples.entry(str(number), player_id=payload, sources=()))

    async with engine.connect() as connection:
        stored = (await connection.execute(select(events.c.payload).order_by(func.length(events.c.event_id)))).scalars()
        expected = {examples.entry(str(n), player_id=payload).payload for n, payload in enumerate(payloads)}
        assert expected == set(stored)


async def test_an_unreachable_database_is_said_to_be_so() -> None:
    engine = examples.engine("postgresql://nobody@127.0.0.1:9/nowhere")

    with pytest.raises(LedgerUnavailableError):
        await Inbox(engine).record(examples.entry())

    await engine.dispose()


async def test_a_missing_schema_is_our_own_fault(empty_database_url: str) -> None:
    engine = examples.engine(empty_database_url)

    with pytest.raises(LedgerUnavailableError, match="events"):
        await Inbox(engine).record(examples.entry())

    await engine.dispose()


async def test_no_parameter_is_shown_in_an_error(engine: AsyncEngine) -> None:
    """Parameters are bodies and tokens, and errors are logged."""
    async with engine.connect() as connection:
        await connection.execute(text("alter table events add constraint refuse check (payload not like '%sesame%')"))

    with pytest.raises(LedgerUnavailableError) as caught:
        await Inbox(engine).record(examples.entry(player_token="open-sesame"))

    assert "sesame" not in str(caught.value)


async def test_a_connection_that_broke_is_not_used_again(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    """Each of them fails at most once, whoever has it next."""
    inbox = Inbox(engine)
    await inbox.record(examples.entry())
    async with other_engine.connect() as connection:
        ended = text(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity"
            " where datname = current_database() and pid <> pg_backend_pid()"
        )
        assert await connection.scalar(ended)

    with pytest.raises(LedgerUnavailableError):
        await inbox.record(examples.entry("bet-2"))
    assert isinstance(await inbox.record(examples.entry("bet-2")), Recorded | Duplicate)


async def test_a_statement_that_takes_too_long_is_given_up_with_its_connection(
    engine: AsyncEngine, other_engine: AsyncEngine, database_url: str
) -> None:
    hasty = create_engine(database_url, pool_size=1, timeout=timedelta(milliseconds=200))
    inbox = Inbox(hasty)
    async with other_engine.connect() as blocker:
        await blocker.execution_options(isolation_level="READ COMMITTED")
        async with blocker.begin():
            await blocker.execute(text("lock table events in exclusive mode"))
            with pytest.raises(LedgerUnavailableError):
                await inbox.record(examples.entry())

    async def recorded() -> bool:
        try:
            return isinstance(await inbox.record(examples.entry()), Recorded | Duplicate)
        except LedgerUnavailableError:
            return False  # a machine may be slower than this engine is patient

    await examples.eventually(recorded)
    assert await _count(engine, "events") == 1
    await hasty.dispose()
