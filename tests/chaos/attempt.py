"""One attempt at a scenario: load, faults, recovery, judgement."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import Random

import httpx

from app.sandbox.setup import BRAND_ID
from app.sandbox.traffic import Traffic
from tests.chaos.balancer import Balancer
from tests.chaos.judge import Judgement, judge
from tests.chaos.load import Load
from tests.chaos.process import NotReadyError
from tests.chaos.record import WriteAheadRecord
from tests.chaos.scenario import Scenario, Trial
from tests.chaos.sender import Sender
from tests.chaos.stand import Stand

PUBLISHERS = 8  # of wallet debits, at once
ENDLESS = 10**9
KEPT = 2.0  # seconds that a sender keeps an idle connection: less than a service does, or both would end it at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to. `recovered` is the time from the moment when nothing was broken any more, but for
    processes still to be started, until everything sent was acknowledged and everything owed was settled. `errors`
    counts what made senders try again, `calls` how the Gateway answered.
    """

    scenario: Scenario
    judgement: Judgement
    may_be_unknown: int
    balances: bool
    errors: dict[str, int]
    calls: dict[str, int]
    surprises: tuple[str, ...]
    seconds: float
    recovered: float | None

    @property
    def failures(self) -> list[str]:
        """Everything for which it does not hold, in words."""
        failures = [*self.judgement.broken(), *self.surprises]
        if self.judgement.unknown > self.may_be_unknown:
            failures.append(f"{self.judgement.unknown} unknown, and at most {self.may_be_unknown} may be")
        if not self.balances:
            failures.append("the ledger does not balance")
        if self.recovered is None:
            failures.append(f"not recovered after {self.scenario.recovery:g} seconds")
        if not self.judgement.acknowledged:
            failures.append("nothing was acknowledged, so nothing is proved")
        if missing := self.scenario.shows - self.calls.keys():
            failures.append(f"the Gateway never answered {', '.join(sorted(missing))}, so nothing was broken")
        if self.scenario.tolerates is not None and (seen := self.errors.keys() - self.scenario.tolerates):
            failures.append(f"senders saw {', '.join(sorted(seen))}")
        return failures


async def attempt(scenario: Scenario, stand: Stand, *, seed: int, number: int, quick: bool) -> Outcome:
    """Break what the scenario breaks, under load, and judge what remains."""
    began = time.monotonic()
    record = WriteAheadRecord(stand.setup.folder / f"{number:02}-{scenario.name}.record")
    await stand.restore(deduplicates=scenario.deduplicates)
    try:
        async with _trial(scenario, stand, record, random=Random(f"{seed}-{scenario.name}"), quick=quick) as trial:
            recovered = await _break_and_recover(scenario, trial)
        written = record.read()
        calls = stand.gateway.calls_since(trial.first_call)
        rows = await stand.database.rows(written.sent)
        census = await stand.census()
    finally:
        record.close()
    return Outcome(
        scenario=scenario,
        judgement=judge(written, calls, rows),
        may_be_unknown=_bound(scenario, trial),
        balances=bool(census["balances"]),
        errors=dict(sorted(trial.sender.errors.items())),
        calls=dict(sorted(Counter(call.answer for call in calls).items())),
        surprises=(*trial.surprises, *trial.sender.unexpected[:10]),
        seconds=time.monotonic() - began,
        recovered=recovered,
    )


def _bound(scenario: Scenario, trial: Trial) -> int:
    """How many may be unknown. Where repetitions are ignored: what was refused, if a call before was in doubt."""
    ambiguous = trial.ambiguous_answers() if scenario.ambiguous else 0
    refused = trial.refused() if scenario.deduplicates else 0
    return trial.may_be_unknown + ambiguous + refused


@asynccontextmanager
async def _trial(
    scenario: Scenario, stand: Stand, record: WriteAheadRecord, *, random: Random, quick: bool
) -> AsyncIterator[Trial]:
    prefix = f"{scenario.name}-"
    limits = httpx.Limits(max_connections=500, max_keepalive_connections=50, keepalive_expiry=KEPT)
    async with httpx.AsyncClient(limits=limits, timeout=10, trust_env=False) as client:
        balancer = Balancer(client, [service.url for service in stand.services])
        sender = Sender(client, balancer, stand.setup.schemes, record, random)
        stories = Traffic(brand_id=BRAND_ID, random=random, prefix=prefix).stories(ENDLESS)
        load = Load(sender, stories, rate=scenario.rate or 1)
        stand.gateway.tell(load.debited)
        background = [asyncio.create_task(load.publish_debits()) for _ in range(PUBLISHERS)]
        background.append(asyncio.create_task(balancer.watch()))
        try:
            yield Trial(
                stand=stand,
                sender=sender,
                load=load,
                random=random,
                seconds=(scenario.quick_seconds if quick else None) or scenario.seconds,
                quick=quick,
                prefix=prefix,
                first_call=len(stand.gateway.account.calls),
            )
        finally:
            for task in background:
                task.cancel()
            await asyncio.gather(*background, return_exceptions=True)


async def _break_and_recover(scenario: Scenario, trial: Trial) -> float | None:
    """Give the seconds that it took to recover; None where it did not."""
    if not scenario.rate:
        trial.load.stop()
    loading = asyncio.create_task(trial.load.run())
    try:
        await scenario.run(trial)
        trial.surprises += trial.stand.died()
        trial.load.stop()
        lifted = time.monotonic()
        try:
            async with asyncio.timeout(scenario.recovery):
                await trial.stand.restore(deduplicates=scenario.deduplicates)
                while not await _recovered(trial, loading):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return None
        return time.monotonic() - lifted
    except NotReadyError as error:
        trial.surprises.append(str(error))
        return None
    finally:
        for task in (loading, *trial.begun):
            task.cancel()
        await asyncio.gather(loading, *trial.begun, return_exceptions=True)


async def _recovered(trial: Trial, loading: asyncio.Task[None]) -> bool:
    if not (loading.done() and trial.load.idle):
        return False
    loading.result()  # raises what went wrong with it
    return not any((await trial.stand.database.under_way()).values()) and trial.load.idle
