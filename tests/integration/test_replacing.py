"""An event whose state did not count, and the one that follows it under its key: together they contribute once."""

import asyncio
from collections import Counter
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.filtering import IgnoreReason
from app.domain.intervention import Signature
from app.ledger.census import take_census
from app.ledger.engine import LedgerUnavailableError
from app.ledger.inbox import Conflict, Duplicate, Followed, Inbox, Recorded
from app.ledger.recording import Decided, Entry
from app.ledger.releasing import Release, release
from app.ledger.tables import contributions
from tests import examples

NOT_COUNTED = IgnoreReason.STATUS_NOT_COUNTED
ACCEPTED = Decided(contributions=1, ignored=None)
IGNORED = Decided(contributions=0, ignored=NOT_COUNTED)
PENDING = examples.entry(sources=(), ignored=NOT_COUNTED, event_type="PENDING")
APPROVED = examples.entry(event_type="APPROVED")
OTHERWISE_APPROVED = examples.entry(event_type="APPROVED", amount="9.99")
REVERSED = examples.entry(sources=(), event_type="REVERSED")


async def _rows(engine: AsyncEngine, query: str) -> list[Any]:
    async with engine.connect() as connection:
        return list((await connection.execute(text(query))).all())


async def _execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(statement))


async def test_what_follows_a_state_that_does_not_count_owes_its_contribution(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)

    assert Recorded(IGNORED) == await inbox.record(PENDING)
    assert Recorded(ACCEPTED) == await inbox.record(APPROVED)

    owed = APPROVED.decision.contributions[0]
    assert [(owed.id, owed.body, "pending")] == await _rows(engine, "select id, body, status from contributions")
    assert [(None, [owed.id], APPROVED.payload)] == await _rows(
        engine, "select ignored, contribution_ids, payload from events"
    )
    assert (await take_census(engine)).balances


async def test_each_is_told_the_same_again(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    for entry in (PENDING, APPROVED):
        await inbox.record(entry)

    outcomes = [await inbox.record(entry) for entry in (PENDING, APPROVED, REVERSED, OTHERWISE_APPROVED)]

    reversed_ = Decided(contributions=0, ignored=IgnoreReason.ROLLBACK)
    assert [Followed(IGNORED), Duplicate(ACCEPTED), Followed(reversed_), Conflict()] == outcomes


@pytest.mark.parametrize("order", list(permutations((PENDING, APPROVED, REVERSED))))
async def test_in_one_batch_each_is_told_what_it_would_be_alone(engine: AsyncEngine, order: tuple[Entry, ...]) -> None:
    alone = [await Inbox(engine).record(entry) for entry in (*order, *order)]
    first = await _rows(engine, "select payload, ignored from events")
    await _execute(engine, "truncate events, contributions")

    assert alone == await Inbox(engine).record_all([*order, *order])
    assert first == await _rows(engine, "select payload, ignored from events")


async def test_what_was_rolled_back_before_it_counted_never_does(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)

    outcomes = [await inbox.record(entry) for entry in (PENDING, REVERSED, APPROVED, PENDING, REVERSED)]

    reversed_ = Decided(contributions=0, ignored=IgnoreReason.ROLLBACK)
    assert [Recorded(IGNORED), Recorded(reversed_), Conflict(), Followed(IGNORED), Duplicate(reversed_)] == outcomes
    assert not await _rows(engine, "select id from contributions")


async def test_what_cannot_be_written_in_its_place_hurts_no_other(engine: AsyncEngine) -> None:
    """Its contribution is there already, owed by nobody: the ledger was damaged, and a person has to look."""
    inbox = Inbox(engine)
    await inbox.record(PENDING)
    (owed,) = APPROVED.decision.contributions
    async with engine.connect() as connection:
        values = {"id": owed.id, "feed": "bet", "brand_id": "brand1", "event_id": "bet-9", "source_id": "", "body": ""}
        await connection.execute(contributions.insert().values(values))

    unwritten, other = await inbox.record_all([APPROVED, examples.entry("bet-2")])

    assert isinstance(unwritten, LedgerUnavailableError)
    assert Recorded(ACCEPTED) == other


async def test_of_many_that_follow_at_once_one_counts(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    inboxes = Inbox(engine), Inbox(other_engine)
    await inboxes[0].record(PENDING)

    entries = [APPROVED, OTHERWISE_APPROVED, PENDING] * 50
    outcomes = await asyncio.gather(*(inboxes[turn % 2].record(entry) for turn, entry in enumerate(entries)))

    told = Counter(type(outcome) for entry, outcome in zip(entries, outcomes, strict=True) if entry is not PENDING)
    assert Counter({Recorded: 1, Duplicate: 49, Conflict: 50}) == told
    assert len(await _rows(engine, "select id from contributions")) == 1
    assert (await take_census(engine)).balances


async def test_what_was_released_is_not_replaced(engine: AsyncEngine) -> None:
    """Somebody decided that the state counts: what follows would be a second time."""
    inbox = Inbox(engine)
    await inbox.record(PENDING)
    freed = Release(
        key=PENDING.key,
        fingerprint=PENDING.fingerprint,
        ignored=NOT_COUNTED,
        contributions=APPROVED.decision.contributions,
    )
    assert {PENDING.key} == await release(engine, [freed], Signature(actor="ada", reason="it counts"))

    assert Conflict() == await inbox.record(OTHERWISE_APPROVED)
    assert len(await _rows(engine, "select id from contributions")) == 1


async def test_a_key_is_kept_from_the_event_that_stands(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await inbox.record(PENDING)
    await _execute(engine, "update events set received_at = now() - interval '100 days'")

    await inbox.record(APPROVED)

    assert [(True,)] == await _rows(engine, "select received_at > now() - interval '1 day' from events")
