"""Housekeeping: it sweeps, survives what fails, and stops promptly."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from datetime import timedelta

import anyio
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.dispatcher.housekeeping import Housekeeping, Sweeping
from app.domain.settlement import Status
from app.ledger.census import take_census
from app.ledger.engine import LedgerUnavailableError
from app.ledger.retention import Keep, Retention
from app.observability.metrics import Metrics
from tests import examples
from tests.acceptance.service import running
from tests.examples import Running
from tests.integration.populated import DAY, populate

KEEP = Keep(contributions=30 * DAY, events=90 * DAY)
MOMENT = timedelta(milliseconds=10)


def housekeeping(retention: Sweeping, metrics: Metrics, *, every: timedelta = MOMENT) -> Housekeeping:
    return Housekeeping(retention, metrics, every=every, jitter=lambda: 0.0)


class Failing:
    """Fails its first sweeps: this is what a database that is away, or a mistake of ours, looks like."""

    def __init__(self, *errors: Exception) -> None:
        self._errors = list(errors)
        self.swept = asyncio.Event()

    async def sweep(self) -> AsyncGenerator[Mapping[str, int]]:
        yield {"contributed": 1}
        if self._errors:
            raise self._errors.pop(0)
        self.swept.set()


class Endless:
    """A sweep that always finds more."""

    def __init__(self) -> None:
        self.batches = 0
        self.began = asyncio.Event()

    async def sweep(self) -> AsyncGenerator[Mapping[str, int]]:
        while True:
            self.batches += 1
            self.began.set()
            await asyncio.sleep(0)  # as the database would let others run
            yield {"contributed": 1}


async def test_it_sweeps_again_and_again(engine: AsyncEngine) -> None:
    metrics = Metrics()
    keeping = housekeeping(Retention(engine, KEEP), metrics)
    running = asyncio.create_task(keeping.run())

    async def nothing_left() -> bool:
        return (await take_census(engine)).by_status[Status.CONTRIBUTED] == 0

    for round_number in (1, 2):
        await populate(engine, f"round-{round_number}", count=1500, received=31 * DAY)
        await examples.eventually(nothing_left)
    keeping.stop()
    await running

    assert b'event_processor_pruned_total{what="contributed"} 3000.0' in metrics.exposition()


async def test_a_sweep_that_fails_is_logged_counted_and_repeated() -> None:
    """A task that dies in silence while the service answers is a published failure of others."""
    metrics = Metrics()
    failing = Failing(LedgerUnavailableError("no answer in time"), RuntimeError("a mistake"))
    keeping = housekeeping(failing, metrics)
    with structlog.testing.capture_logs() as logs:
        running = asyncio.create_task(keeping.run())
        with anyio.fail_after(examples.DEADLINE):
            await failing.swept.wait()
        keeping.stop()
        await running

    failures = [(line["error"], line["failures"]) for line in logs if line["event"] == "housekeeping.sweep_failed"]
    assert [("no answer in time", 1), ("a mistake", 2)] == failures
    assert b"event_processor_sweeps_failed_total 2.0" in metrics.exposition()


async def test_it_stops_after_the_batch_that_it_is_in() -> None:
    endless = Endless()
    keeping = housekeeping(endless, Metrics())
    running = asyncio.create_task(keeping.run())
    await endless.began.wait()
    keeping.stop()
    batches = endless.batches
    with anyio.fail_after(examples.DEADLINE):
        await running

    assert batches == endless.batches


async def test_it_stops_at_once_while_it_waits_for_the_next_sweep() -> None:
    keeping = Housekeeping(Endless(), Metrics(), every=timedelta(days=1), jitter=lambda: 0.5)
    running = asyncio.create_task(keeping.run())
    await asyncio.sleep(0)  # it waits now
    keeping.stop()

    await running


async def test_the_service_prunes_while_it_receives_and_contributes(
    engine: AsyncEngine, database_url: str, gateway: Running
) -> None:
    await populate(engine, "old", count=5000, received=91 * DAY)
    await populate(engine, "unknown", status=Status.UNKNOWN, count=1500, received=91 * DAY)
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, retention={"every": "20ms"})
    async with running(settings) as service:
        sent = 0

        async def pruned() -> bool:
            nonlocal sent
            sent += 1
            assert (await service.post("bet", examples.bet(event_id=f"bet-{sent}"))).status_code == 202
            return await service.metric("pruned_total", what="owed") == 5000

        async def contributed() -> bool:
            return await service.metric("contributions_settled_total", status="contributed") == sent

        await examples.eventually(pruned)
        await examples.eventually(contributed)

    census = await take_census(engine)
    assert (1500, sent) == (census.by_status[Status.UNKNOWN], census.by_status[Status.CONTRIBUTED])
    assert census.balances


async def test_a_service_that_only_receives_does_not_prune(engine: AsyncEngine, database_url: str) -> None:
    await populate(engine, "old", count=1000, received=91 * DAY)
    settings = examples.settings(
        database_url=database_url, gateway_url="http://127.0.0.1:9", retention={"every": "1ms"}
    )
    async with running(settings, dispatch=False) as service:
        assert (await service.post("bet", examples.bet())).status_code == 202

    async with engine.connect() as connection:
        assert 0 == (await connection.execute(text("select count(*) from pruned"))).scalar_one()
