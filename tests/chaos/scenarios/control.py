"""The control: nothing is broken."""

import asyncio

from tests.chaos.scenario import Trial, scenario


@scenario("nothing", seconds=15, bound="nothing", tolerates=frozenset())
async def nothing(trial: Trial) -> None:
    """Nothing: what the others are compared with."""
    await asyncio.sleep(trial.seconds)
