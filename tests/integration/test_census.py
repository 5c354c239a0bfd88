"""The census, and the health of the ledger."""

from uuid import uuid4

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.settlement import Status
from app.ledger.census import Census, take_census
from app.ledger.embedded import EmbeddedServer
from app.ledger.health import DatabaseState, LedgerState, ledger_state
from app.ledger.inbox import Inbox
from app.ledger.schema import head
from tests import examples

NONE_YET: dict[str, int] = dict.fromkeys(Status, 0)


async def _execute(engine: AsyncEngine, statement: str) -> None:
    async with engine.connect() as connection:
        await connection.execute(text(statement))


async def test_an_empty_ledger_balances(engine: AsyncEngine) -> None:
    census = await take_census(engine)

    assert Census(accepted=0, ignored={}, owed=0, by_status=NONE_YET, missing=0, stray=0) == census
    assert census.balances


async def test_everything_is_counted_where_it_stands(engine: AsyncEngine) -> None:
    inbox = Inbox(engine)
    await inbox.record(examples.entry("bet-1", sources=("one", "two")))
    await inbox.record(examples.entry("bet-2"))
    await inbox.record(examples.entry("bet-3", sources=()))

    census = await take_census(engine)

    by_status = NONE_YET | {Status.PENDING: 3}
    assert Census(accepted=2, ignored={"rollback": 1}, owed=3, by_status=by_status, missing=0, stray=0) == census
    assert census.balances


async def test_a_contribution_that_is_owed_and_gone_is_missed(engine: AsyncEngine) -> None:
    await Inbox(engine).record(examples.entry())
    await _execute(engine, "delete from contributions")

    census = await take_census(engine)

    assert (census.missing, census.stray, census.balances) == (1, 0, False)


async def test_a_contribution_that_no_event_owes_is_found(engine: AsyncEngine) -> None:
    await Inbox(engine).record(examples.entry())
    await _execute(engine, f"update contributions set id = '{uuid4()}'")  # noqa: S608 - our own value

    census = await take_census(engine)

    assert (census.missing, census.stray, census.balances) == (1, 1, False)


async def test_a_migrated_database_is_well(engine: AsyncEngine) -> None:
    assert LedgerState(database="ok", schema="ok") == await ledger_state(engine, head=head())


async def test_another_revision_is_not_ours(engine: AsyncEngine) -> None:
    await _execute(engine, "update alembic_version set version_num = 'older'")

    assert LedgerState(database="ok", schema="not_at_head") == await ledger_state(engine, head=head())


async def test_an_unreachable_database_is_named() -> None:
    engine = examples.engine("postgresql://nobody@127.0.0.1:9/nowhere")

    assert LedgerState(database="unreachable", schema="unknown", forwarding="unknown") == await ledger_state(
        engine, head=head()
    )

    await engine.dispose()


@pytest.mark.parametrize(
    ("setting", "value", "state"),
    [("default_transaction_read_only", "on", "read_only"), ("synchronous_commit", "off", "not_durable")],
)
async def test_a_database_that_would_lose_events_is_named(
    engine: AsyncEngine, database_url: str, setting: str, value: str, state: DatabaseState
) -> None:
    name = database_url.partition("?")[0].rpartition("/")[2]
    await _execute(engine, f"alter database {name} set {setting} = {value}")
    await engine.dispose()  # the setting is for connections to come

    assert LedgerState(database=state, schema="ok") == await ledger_state(engine, head=head())


async def test_a_database_that_cannot_hold_every_event_is_named(postgres: EmbeddedServer, database_url: str) -> None:
    administrator = examples.engine(postgres.url)
    await _execute(administrator, "create database latin encoding latin1 locale 'C' template template0")
    engine = examples.engine(database_url.replace(make_url(database_url).database or "", "latin"))

    state = await ledger_state(engine, head=head())
    await engine.dispose()
    await _execute(administrator, "drop database latin")
    await administrator.dispose()

    assert LedgerState(database="not_utf8", schema="missing", forwarding="unknown") == state
