"""The ledger pruned while things break."""

import asyncio
import time

from tests.chaos.scenario import Trial, scenario
from tests.chaos.stand import CONCURRENCY

PRUNING = {"EVENT_PROCESSOR_RETENTION__CONTRIBUTIONS": "30m", "EVENT_PROCESSOR_RETENTION__EVERY": "1s"}


@scenario("pruning", seconds=20, bound=f"{CONCURRENCY} a kill: the calls that one process has under way")
async def pruning(trial: Trial) -> None:
    """The past is pruned away while processes are killed and connections terminated; the books have to balance."""
    for service in trial.stand.services:
        await service.terminate()
        await service.start(PRUNING)
        await service.ready()
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        await asyncio.sleep(trial.random.uniform(1, 3))
        await trial.stand.database.terminate_backends()
        service = trial.random.choice(trial.stand.services)
        trial.may_leave_unknown(CONCURRENCY)
        await service.kill()
        await service.start(PRUNING)
        await service.ready()
    if not await trial.stand.database.value("select coalesce(sum(count), 0) from pruned"):
        trial.surprises.append("nothing was pruned, so nothing was broken")
