"""States of a thing that owe nothing are kept beside the event that stands: each once, and not too many."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.filtering import IgnoreReason
from app.ledger.census import take_census
from app.ledger.engine import LedgerUnavailableError, create_engine
from app.ledger.inbox import Duplicate, Followed, Inbox, Recorded
from app.ledger.keeping import STATES_KEPT, keep
from app.ledger.recording import Decided, Entry
from tests import examples

NOT_COUNTED = IgnoreReason.STATUS_NOT_COUNTED
IGNORED = Decided(contributions=0, ignored=NOT_COUNTED)


def state(name: str, event_id: str = "bet-1") -> Entry:
    """One that does not count."""
    return examples.entry(event_id, sources=(), ignored=NOT_COUNTED, event_type=name)


PENDING, SETTLED, ARCHIVED = state("PENDING"), state("SETTLED"), state("ARCHIVED")
ACCEPTED = examples.entry(event_type="ACCEPTED")


async def kept(engine: AsyncEngine) -> dict[str, tuple[str, list[str]]]:
    """What stands, and what is beside it, by event_id."""
    async with engine.connect() as connection:
        rows = await connection.execute(text("select event_id, payload, other_states from events"))
        return {row.event_id: (row.payload, row.other_states) for row in rows}


async def test_what_follows_is_kept_in_the_order_in_which_it_came(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)

    outcomes = [await inbox.record(entry) for entry in (PENDING, SETTLED, ARCHIVED)]

    assert [Recorded(IGNORED), Followed(IGNORED), Followed(IGNORED)] == outcomes
    assert {"bet-1": (PENDING.payload, [SETTLED.payload, ARCHIVED.payload])} == await kept(engine)


async def test_what_comes_again_is_kept_once(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    for entry in (PENDING, SETTLED, SETTLED, PENDING):
        await inbox.record(entry)
    await inbox.record_all([SETTLED, SETTLED])

    assert {"bet-1": (PENDING.payload, [SETTLED.payload])} == await kept(engine)


async def test_what_is_replaced_is_kept_as_the_first_of_them(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    for entry in (PENDING, SETTLED, ACCEPTED, PENDING, ARCHIVED):
        await inbox.record(entry)

    others = [PENDING.payload, SETTLED.payload, ARCHIVED.payload]
    assert {"bet-1": (ACCEPTED.payload, others)} == await kept(engine)
    assert (await take_census(engine)).balances


async def test_what_was_a_state_and_counts_when_it_comes_again_stands_and_is_no_other_any_more(
    engine: AsyncEngine,
) -> None:
    inbox = Inbox(engine)
    for entry in (PENDING, state("ACCEPTED"), ACCEPTED):
        await inbox.record(entry)

    assert {"bet-1": (ACCEPTED.payload, [PENDING.payload])} == await kept(engine)


async def test_in_one_batch_as_much_is_kept_as_one_by_one(engine: AsyncEngine) -> None:
    names = [f"bet-{number}" for number in range(10)]
    entries = [state(each, name) for each in ("PENDING", "SETTLED", "ARCHIVED") for name in names]
    entries += [examples.entry(name, event_type="ACCEPTED") for name in names[::2]]
    for entry in entries:
        await Inbox(engine).record(entry)
    alone = await kept(engine)
    async with engine.connect() as connection:
        await connection.execute(text("truncate events, contributions"))

    await Inbox(engine).record_all(entries)

    assert alone == await kept(engine)
    assert 2 == min(len(others) for _, others in alone.values())


async def test_what_stands_itself_is_not_kept_beside_itself(engine: AsyncEngine) -> None:
    """As where a process of another configuration records in between what follows by ours."""
    await Inbox(engine).record(ACCEPTED)

    async with engine.begin() as connection:
        assert {ACCEPTED.key} == await keep(connection, [state("ACCEPTED"), SETTLED])

    assert {"bet-1": (ACCEPTED.payload, [SETTLED.payload])} == await kept(engine)


async def test_what_there_is_nothing_to_keep_beside_is_told(engine: AsyncEngine) -> None:
    """As where pruning removes it in between: its sender has to send it again."""
    await Inbox(engine).record(PENDING)

    async with engine.begin() as connection:
        assert {PENDING.key} == await keep(connection, [SETTLED, state("SETTLED", "gone")])


@pytest.mark.parametrize("batched", [True, False])
async def test_no_more_than_so_many_are_kept(engine: AsyncEngine, *, batched: bool) -> None:
    inbox = Inbox(engine)
    states = [state(f"STATE_{number}") for number in range(STATES_KEPT + 5)]
    if batched:
        await inbox.record_all([PENDING, *states])
    else:
        for entry in (PENDING, *states):
            await inbox.record(entry)
    first = [entry.payload for entry in states[:STATES_KEPT]]
    assert {"bet-1": (PENDING.payload, first)} == await kept(engine)

    await inbox.record(ACCEPTED)

    assert {"bet-1": (ACCEPTED.payload, [PENDING.payload, *first[:-1]])} == await kept(engine)


async def test_a_follower_and_a_replacement_at_once_are_both_kept(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    """Whoever comes first, nothing is lost, and nobody waits for each other forever."""
    inboxes = Inbox(engine), Inbox(other_engine)
    names = [f"bet-{number}" for number in range(100)]
    await inboxes[0].record_all([state("PENDING", name) for name in names])
    accepted = [examples.entry(name, event_type="ACCEPTED") for name in names]
    following = [state(each, name) for name in names for each in ("SETTLED", "ARCHIVED")]

    outcomes = await asyncio.gather(
        *(
            inboxes[(turn + half) % 2].record_all([*accepted[turn::10], *following[9 - turn :: 10]])
            for turn in range(10)
            for half in (0, 1)
        )
    )

    told = [outcome for each in outcomes for outcome in each]
    assert {Recorded, Followed, Duplicate} == {type(outcome) for outcome in told}
    assert 100 == sum(isinstance(outcome, Recorded) for outcome in told)
    found = await kept(engine)
    for name, entry in zip(names, accepted, strict=True):
        payload, others = found[name]
        assert entry.payload == payload
        assert sorted(state(each, name).payload for each in ("PENDING", "SETTLED", "ARCHIVED")) == sorted(others)
    assert (await take_census(engine)).balances


async def test_batches_that_replace_what_the_other_ones_states_follow_do_not_lock_each_other_out(
    engine: AsyncEngine, database_url: str
) -> None:
    """Also where locks are held from one statement to the next, as in the transactions that a proxy needs."""
    fields: dict[str, Any] = {"pool_size": 2, "timeout": timedelta(seconds=30), "prepared_statements": False}
    engines = [create_engine(database_url, **fields) for _ in range(2)]
    inboxes = [Inbox(each) for each in engines]
    for turn in range(50):
        low, high = f"a-{turn}", f"b-{turn}"
        await inboxes[0].record_all([state("PENDING", low), state("PENDING", high)])

        one, other = await asyncio.gather(
            inboxes[0].record_all([examples.entry(low, event_type="ACCEPTED"), state("SETTLED", high)]),
            inboxes[1].record_all([examples.entry(high, event_type="ACCEPTED"), state("SETTLED", low)]),
        )

        accepted = Decided(contributions=1, ignored=None)
        assert [Recorded(accepted), Followed(IGNORED)] == one == other
        found = await kept(engine)
        for name in (low, high):
            assert {state("PENDING", name).payload, state("SETTLED", name).payload} == set(found[name][1])
    for each in engines:
        await each.dispose()


async def test_it_is_told_when_it_is_committed(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await inbox.record(PENDING)
    async with engine.connect() as connection:
        await connection.execute(text("alter table events add check (cardinality(other_states) = 0)"))

    with pytest.raises(LedgerUnavailableError):
        await inbox.record(SETTLED)


async def test_new_events_and_duplicates_change_no_row(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await inbox.record_all([PENDING, examples.entry("bet-2")])
    before = await _versions(engine)

    await inbox.record_all([PENDING, examples.entry("bet-2"), examples.entry("bet-3")])

    assert before == (await _versions(engine))[:2]


async def _versions(engine: AsyncEngine) -> list[Any]:
    query = text("select cast(ctid as text), cast(xmin as text), cast(xmax as text) from events order by event_id")
    async with engine.connect() as connection:
        return list((await connection.execute(query)).all())
