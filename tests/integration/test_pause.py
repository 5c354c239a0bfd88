"""Pausing: one pause at most, signed, and seen in the ledger's state."""

import asyncio

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.intervention import Signature
from app.ledger.health import LedgerState, ledger_state
from app.ledger.pause import pause, resume, standing_pause
from app.ledger.schema import head
from app.ledger.tables import interventions
from tests import examples

FIRST = Signature(actor="ada", reason="maintenance at the Gateway")
SECOND = Signature(actor="bob", reason="so I heard")


async def _signed(engine: AsyncEngine) -> list[tuple[str, str, str]]:
    columns = interventions.c.action, interventions.c.actor, interventions.c.reason
    async with engine.connect() as connection:
        return [(*row,) for row in await connection.execute(select(*columns).order_by(interventions.c.id))]


async def test_a_pause_stands_until_it_is_resumed_and_both_are_signed(engine: AsyncEngine) -> None:
    assert await pause(engine, FIRST)
    standing = await standing_pause(engine)
    assert standing is not None
    assert standing.signature == FIRST

    assert await resume(engine, SECOND)
    assert await standing_pause(engine) is None
    assert [("pause", "ada", FIRST.reason), ("resume", "bob", SECOND.reason)] == await _signed(engine)


async def test_pausing_and_resuming_again_change_nothing(engine: AsyncEngine) -> None:
    assert not await resume(engine, SECOND)
    await pause(engine, FIRST)

    assert not await pause(engine, SECOND)
    standing = await standing_pause(engine)
    assert standing is not None
    assert standing.signature == FIRST
    assert [("pause", "ada", FIRST.reason)] == await _signed(engine)


async def test_of_two_who_pause_at_once_one_does(engine: AsyncEngine, other_engine: AsyncEngine) -> None:
    outcomes = await asyncio.gather(*(pause(each, FIRST) for each in (engine, other_engine) * 4))

    assert (1, 1) == (sum(outcomes), len(await _signed(engine)))


async def test_the_state_of_the_ledger_says_that_it_is_paused(engine: AsyncEngine) -> None:
    await pause(engine, FIRST)

    assert LedgerState(database="ok", schema="ok", forwarding="paused") == await ledger_state(engine, head=head())


async def test_a_schema_without_pauses_is_no_failure(empty_database_url: str) -> None:
    """As before its first migration, or while the version before still stands."""
    engine = examples.engine(empty_database_url)
    async with engine.connect() as connection:
        await connection.execute(text("create table alembic_version (version_num text)"))
        await connection.execute(text("insert into alembic_version values ('0001')"))

    expected = LedgerState(database="ok", schema="not_at_head", forwarding="unknown")

    assert expected == await ledger_state(engine, head=head())
    await engine.dispose()
