"""How long it takes, at half of what it can do."""

from collections.abc import AsyncIterator

from benchmarks.bare import BARE_ROUTE
from benchmarks.bench import Bench
from benchmarks.contender import Contender
from benchmarks.measurement import Measurement
from benchmarks.ours import OURS
from benchmarks.scenario import NotRun, scenario
from benchmarks.stand import Load, standing
from benchmarks.trial import events_for, measure, warmed

CAPACITY = 2.0  # seconds of saturation, to know the capacity


@scenario("latency")
async def latency(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """At half of the service's capacity, requests at a steady rate: how long the 202 takes, and the way to the Gateway;
    beside the bare route at the same rate.
    """
    async with standing(bench, OURS) as stand:
        capacity = await measure(stand, Load(count=events_for(await warmed(stand), CAPACITY)))
        half = capacity.rate / 2
        yield "latency", await measure(stand, _steady(bench, half))
    yield "latency-bare-route", await _at(bench, BARE_ROUTE, half)


async def _at(bench: Bench, contender: Contender, rate: float) -> Measurement:
    async with standing(bench, contender) as stand:
        await warmed(stand)
        return await measure(stand, _steady(bench, rate))


def _steady(bench: Bench, rate: float) -> Load:
    return Load(count=events_for(rate, bench.seconds * 2), rate=rate)
