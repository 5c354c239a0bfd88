"""Stored events are read again in pages, each once and with what is there of what they owe."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.filtering import IgnoreReason
from app.ledger.inbox import Inbox
from app.ledger.recording import Entry
from app.ledger.stored import Period, Stored, stored
from tests import examples
from tests.integration.populated import DAY, populate


def period(**changes: Any) -> Period:
    fields: dict[str, Any] = {"since": datetime.now(UTC) - DAY, "until": datetime.now(UTC) + DAY}
    return Period(**(fields | changes))


async def read(engine: AsyncEngine, period: Period, *, page: int = 3) -> list[Stored]:
    pages = [each async for each in stored(engine, period, page=page)]

    assert all(len(each) <= page for each in pages)
    return [each for found in pages for each in found]


async def test_pages_give_each_event_once_though_all_came_at_the_same_time(engine: AsyncEngine) -> None:
    await populate(engine, "bet", count=10)

    for page in (3, 5, 10, 11):
        found = [each.past.key.event_id for each in await read(engine, period(), page=page)]
        assert sorted(f"bet-{number}" for number in range(1, 11)) == found


async def test_an_event_is_given_as_it_was_sent_and_decided(engine: AsyncEngine) -> None:
    entry = examples.entry(sources=("slots", "live"), note="é 1.50")
    await Inbox(engine).record(entry)

    (found,) = await read(engine, period())

    assert (entry.key, entry.payload, entry.fingerprint) == (found.past.key, found.payload, found.fingerprint)
    assert (None, {each.id: each for each in entry.decision.contributions}) == (
        found.past.ignored,
        found.past.contributions,
    )


async def test_an_event_that_was_ignored_is_given_with_its_other_states(engine: AsyncEngine) -> None:
    """What counted is given without: nothing beside it is decided on."""
    pending, settled = (
        examples.entry(sources=(), ignored=IgnoreReason.STATUS_NOT_COUNTED, event_type=name)
        for name in ("PENDING", "SETTLED")
    )
    await _record(engine, pending, settled)

    assert [(settled.payload,)] == [each.other_states for each in await read(engine, period())]
    await _record(engine, examples.entry(event_type="ACCEPTED"))
    assert [()] == [each.other_states for each in await read(engine, period())]


async def test_what_was_pruned_is_known_by_its_id(engine: AsyncEngine) -> None:
    entry = examples.entry()
    await Inbox(engine).record(entry)
    async with engine.connect() as connection:
        await connection.execute(text("delete from contributions"))

    (found,) = await read(engine, period())

    assert {entry.decision.contributions[0].id: None} == found.past.contributions


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"old", "bet", "ignored"}),
        ({"feed": "bet"}, {"old", "bet", "ignored"}),
        ({"feed": "deposit"}, set()),
        ({"event_id": "bet"}, {"bet"}),
        ({"ignored": frozenset({IgnoreReason.ROLLBACK})}, {"ignored"}),
        ({"ignored": frozenset({IgnoreReason.CREDIT})}, set()),
    ],
)
async def test_a_period_is_narrowed(engine: AsyncEngine, changes: dict[str, Any], expected: set[str]) -> None:
    await _record(engine, examples.entry("old"), examples.entry("bet"), examples.entry("ignored", sources=()))
    async with engine.connect() as connection:
        await connection.execute(text("update events set received_at = now() - interval '2 days' where event_id='old'"))

    long_ago = {"since": datetime.now(UTC) - 3 * DAY}
    assert expected == {each.past.key.event_id for each in await read(engine, period(**long_ago | changes))}
    assert {"bet", "ignored"} == {each.past.key.event_id for each in await read(engine, period())}


async def test_a_period_begins_with_its_beginning_and_is_over_at_its_end(engine: AsyncEngine) -> None:
    await _record(engine, examples.entry("bet"))
    (found,) = await read(engine, period())
    at, tick = found.received_at, timedelta(microseconds=1)

    assert [found] == await read(engine, period(since=at, until=at + tick))
    assert [] == await read(engine, period(since=at - tick, until=at))
    assert [] == await read(engine, period(since=at + tick))


async def _record(engine: AsyncEngine, *entries: Entry) -> None:
    for entry in entries:
        await Inbox(engine).record(entry)
