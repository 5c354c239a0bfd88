"""What the ledger tells of one event."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.domain.filtering import IgnoreReason
from app.domain.settlement import Status
from app.ledger.asking import Known, known
from app.ledger.inbox import Inbox
from app.ledger.tables import contributions
from tests import examples

SOURCES = ("book-of-examples", "casino-wide", "all", "a", "b")


async def _recorded(engine: AsyncEngine, event_id: str = "bet-1", **options: Any) -> EventKey:
    entry = examples.entry(event_id, **options)
    await Inbox(engine).record(entry)
    return entry.key


async def _known(engine: AsyncEngine, key: EventKey) -> Known:
    found = await known(engine, key)
    assert found
    return found


async def test_each_contribution_is_told_as_it_stands_in_the_order_of_the_rules(engine: AsyncEngine) -> None:
    key = await _recorded(engine, sources=SOURCES)
    settled = datetime(2026, 11, 22, 12, tzinfo=UTC)
    async with engine.begin() as connection:
        await connection.execute(
            update(contributions)
            .where(contributions.c.source_id == "casino-wide")
            .values(status="declined", attempt=2, gateway_status=422, settled_at=settled)
        )
        due = await connection.scalar(select(contributions.c.next_attempt_at).limit(1))

    standings = [each for each in (await _known(engine, key)).contributions.values() if each]
    assert [
        ("book-of-examples", Status.PENDING, 0, None, due, None),
        ("casino-wide", Status.DECLINED, 2, 422, None, settled),
        *((source, Status.PENDING, 0, None, due, None) for source in ("all", "a", "b")),
    ] == [
        (each.source_id, each.status, each.attempts, each.gateway_status, each.next_attempt_at, each.settled_at)
        for each in standings
    ]


async def test_a_contribution_that_was_pruned_is_known_by_its_id_only(engine: AsyncEngine) -> None:
    key = await _recorded(engine, sources=SOURCES)
    before = (await _known(engine, key)).contributions
    async with engine.begin() as connection:
        await connection.execute(delete(contributions).where(contributions.c.source_id == "casino-wide"))
    after = (await _known(engine, key)).contributions

    assert list(before) == list(after)
    assert [True, False, True, True, True] == [standing is not None for standing in after.values()]


async def test_an_event_that_owes_nothing_is_told_with_its_reason(engine: AsyncEngine) -> None:
    key = await _recorded(engine, sources=())
    found = await _known(engine, key)

    assert (IgnoreReason.ROLLBACK, {}) == (found.ignored, found.contributions)


@pytest.mark.parametrize(
    "changes",
    [
        {"feed": "deposit"},
        {"brand_id": "brand2"},
        {"event_id": "bet-2"},
        {"event_id": "nul\0"},
        {"event_id": "x" * 9999},
    ],
    ids=str,
)
async def test_under_any_other_key_there_is_nothing(engine: AsyncEngine, changes: dict[str, str]) -> None:
    await _recorded(engine)
    key = {"feed": "bet", "brand_id": "brand1", "event_id": "bet-1"} | changes

    assert await known(engine, EventKey(**key)) is None


async def test_asking_waits_for_nobody(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    """Whatever a dispatcher or a person is doing to it at the moment."""
    key = await _recorded(engine)
    async with other_engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            await connection.execute(text("select from contributions for update"))

            assert (await _known(engine, key)).contributions
