"""What one would use instead, doing the same job."""

from collections.abc import AsyncIterator

from benchmarks.bench import Bench
from benchmarks.measurement import Measurement
from benchmarks.rivals import RIVALS
from benchmarks.scenario import NotRun, scenario
from benchmarks.trial import tried


@scenario("rivals", quick=False)
async def rivals(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """What one would use instead, each doing the whole job with the same requests, Gateway and judge."""
    for contender in RIVALS:
        yield contender.name, await tried(bench, contender)
