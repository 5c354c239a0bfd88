"""A crash at every step of one event's path: before and after each commit, and before, during and after the send; where
it is handed over to the dispatcher, and where it is claimed.
"""

import asyncio
import signal
from random import Random

from app.sandbox.setup import BRAND_ID
from app.sandbox.traffic import Posting, Traffic
from tests.chaos import crashing
from tests.chaos.scenario import Trial, scenario
from tests.chaos.stand import DEDUPLICATING

STEP = 60.0  # seconds, on the slowest of machines

# In the order of an event's path, and whether a call may have begun when it crashes there.
STEPS = {
    "before-recording": False,
    "before-handing-over": True,
    "after-recording": True,  # by then it is handed over
    "before-claiming": False,
    "after-claiming": False,
    "before-beginning": False,
    "after-beginning": True,
    "before-sending": True,
    "during-sending": True,
    "after-sending": True,
    "before-settling": True,
    "after-settling": False,
}
QUICK = ("after-recording", "after-claiming", "during-sending", "before-settling")


@scenario(
    "crash-at-every-step",
    seconds=1,
    quick_seconds=1,
    bound="1 for each step at which the call has begun and its outcome is not written",
    rate=0,
)
async def crash_at_every_step(trial: Trial) -> None:
    """The process that handles an event kills itself at each step of the event's path, before and after each commit
    and each send.
    """
    await _crash_at_each(trial, {})
    trial.may_leave_unknown(sum(STEPS[step] for step in _steps(trial)))


@scenario(
    "crash-at-every-step-deduplicating",
    seconds=1,
    bound="what was refused in the end, where a call before was in doubt; all else can be asked again",
    rate=0,
    deduplicates=True,
)
async def crash_at_every_step_deduplicating(trial: Trial) -> None:
    """The same, where the Gateway ignores a repetition."""
    await _crash_at_each(trial, DEDUPLICATING)


def _steps(trial: Trial) -> tuple[str, ...]:
    return QUICK if trial.quick else tuple(STEPS)


async def _crash_at_each(trial: Trial, variables: dict[str, str]) -> None:
    """One process at a time, so that it is the one that handles the event; senders try again after the last."""
    for service in trial.stand.services:
        await service.terminate()
    trial.stand.gateway.misbehave(latency=2 * crashing.UNDER_WAY)
    again = asyncio.Event()
    for step in _steps(trial):
        await _crash_at(trial, step, variables, again)
    again.set()


async def _crash_at(trial: Trial, step: str, variables: dict[str, str], again: asyncio.Event) -> None:
    service, prefix = trial.stand.services[0], f"{trial.prefix}{step}-"
    dead = await trial.stand.database.leases()
    armed = {crashing.STEP: step, crashing.EVENT: prefix}
    await service.start(variables | armed, command=("tests.chaos.crashing", "serve"))
    await service.ready()
    try:
        async with asyncio.timeout(STEP):
            while await trial.stand.database.at_work(dead):  # on what the step before left due
                await asyncio.sleep(0.05)
            trial.begin(trial.sender.post(_bet(prefix), to=service.url, again=again))
            ended = await service.ended()
    except TimeoutError:
        trial.surprises.append(f"{step}: never came")
        await service.kill()
        return
    if ended != -signal.SIGKILL:
        trial.surprises.append(f"{step}: ended with {ended}")


def _bet(prefix: str) -> Posting:
    """One that is accepted, and contributed where nothing is broken."""
    return next(Traffic(brand_id=BRAND_ID, random=Random(1), prefix=prefix).stories(1)).postings[0]
