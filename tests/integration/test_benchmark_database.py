"""The benchmarks' PostgreSQL, and the ledgers that it is filled with."""

import json
from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.census import take_census
from app.ledger.inbox import Inbox
from app.ledger.schema import migrate
from benchmarks.database import Database, NotDurableError
from benchmarks.filling import Copies, copy
from tests import examples

LEDGER = "filled"
ORIGINAL = "b1-00000000"


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Database]:
    made = Database(tmp_path_factory.mktemp("benchmarks"))
    await made.start()
    yield made
    made.stop()


@pytest.fixture
async def ledger(database: Database) -> AsyncIterator[AsyncEngine]:
    """One recorded event, whose contribution is pending."""
    await database.create(LEDGER)
    engine = examples.engine(database.url(LEDGER))
    await migrate(engine)
    await Inbox(engine).record(examples.entry(ORIGINAL))
    yield engine
    await engine.dispose()
    await database.drop(LEDGER)


async def test_copies_make_a_ledger_that_balances(database: Database, ledger: AsyncEngine) -> None:
    await copy(database, LEDGER, Copies(original=ORIGINAL, prefix="past-", count=100))
    census = await take_census(ledger)

    assert (101, 101) == (census.accepted, census.by_status["pending"])
    assert census.balances


async def test_a_copy_is_the_original_under_its_own_id(database: Database, ledger: AsyncEngine) -> None:
    await copy(database, LEDGER, Copies(original=ORIGINAL, prefix="past-", count=3))
    query = "select {} from {} where event_id = $1"
    payload = json.loads(await database.value(LEDGER, query.format("payload", "events"), "past-00000002"))
    original = json.loads(await database.value(LEDGER, query.format("payload", "events"), ORIGINAL))
    body = json.loads(await database.value(LEDGER, query.format("body", "contributions"), "past-00000002"))

    assert original | {"event_id": "past-00000002"} == payload
    assert "past-00000002" == body["metadata"]["event_id"]
    assert (await take_census(ledger)).balances


async def test_copies_were_recorded_one_after_the_other_before_the_original(
    database: Database, ledger: AsyncEngine
) -> None:
    copies = Copies(original=ORIGINAL, prefix="past-", count=10, apart="1 second", before="1 hour")
    await copy(database, LEDGER, copies)
    ages = f"""
        select array_agg(extract(epoch from o.recorded_at - c.recorded_at)::int order by c.event_id)
        from contributions c, contributions o where o.event_id = '{ORIGINAL}' and c.event_id <> o.event_id
    """  # noqa: S608 - our own

    assert [3600 + 10 - number for number in range(10)] == await database.value(LEDGER, ages)
    assert (await take_census(ledger)).balances


async def test_what_was_settled_is_copied_as_settled(database: Database, ledger: AsyncEngine) -> None:
    settle = "update contributions set status = 'contributed', settled_at = now(), gateway_status = 200"
    await database.execute(LEDGER, settle)
    await copy(database, LEDGER, Copies(original=ORIGINAL, prefix="past-", count=5))
    late = "select count(*) from contributions where status = 'contributed' and settled_at < now() - interval '1 hour'"

    assert 6 == (await take_census(ledger)).by_status["contributed"]
    assert 5 == await database.value(LEDGER, late)


async def test_dead_rows_and_commits_are_counted_when_the_connections_are_closed(
    database: Database, ledger: AsyncEngine
) -> None:
    await ledger.dispose()
    before = await database.counters(LEDGER)
    for _ in range(3):
        await database.execute(LEDGER, "update contributions set gateway_status = 200")
    await examples.eventually(lambda: _later(database, dead=before.dead + 3, commits=before.commits + 3))


async def _later(database: Database, *, dead: int, commits: int) -> bool:
    counted = await database.counters(LEDGER)
    return counted.dead == dead and counted.commits >= commits


async def test_the_log_grows_with_what_is_written(database: Database, ledger: AsyncEngine) -> None:
    before = await database.wal()
    await Inbox(ledger).record(examples.entry("b1-00000001"))

    assert await database.wal() > before


async def test_a_database_that_would_lose_commits_is_not_measured(database: Database) -> None:
    await database.execute("postgres", "alter role postgres set synchronous_commit = off")
    try:
        with pytest.raises(NotDurableError, match="synchronous_commit is not on"):
            await database.start()
    finally:
        await database.execute("postgres", "alter role postgres reset synchronous_commit")


async def test_a_database_exists_from_its_making_to_its_end(database: Database) -> None:
    await database.create("short")
    made = await database.exists("short")
    await database.drop("short")

    assert (True, False) == (made, await database.exists("short"))
