"""What the frameworks cost doing nothing."""

from collections.abc import AsyncIterator

from benchmarks.bare import BARE_ASGI, BARE_MODEL, BARE_ROUTE
from benchmarks.bench import Bench
from benchmarks.measurement import Measurement
from benchmarks.scenario import NotRun, scenario
from benchmarks.trial import trial


@scenario("yardstick")
async def yardstick(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """A bare FastAPI route with the model, that stores and forwards nothing: all else is a ratio of it."""
    yield BARE_ROUTE.name, await trial(bench, BARE_ROUTE)


@scenario("floor")
async def floor(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """What is below the yardstick: a bare ASGI application, and one that reads the model."""
    for contender in (BARE_ASGI, BARE_MODEL):
        yield contender.name, await trial(bench, contender)
