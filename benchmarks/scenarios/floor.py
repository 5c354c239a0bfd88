"""What the frameworks cost doing nothing."""

from collections.abc import AsyncIterator

from benchmarks.bare import BARE_ASGI, BARE_MODEL, BARE_ROUTE
from benchmarks.bench import Bench
from benchmarks.measurement import Measurement
from benchmarks.scenario import scenario
from benchmarks.trial import trial


@scenario("floor")
async def floor(bench: Bench) -> AsyncIterator[tuple[str, Measurement]]:
    """The frameworks doing nothing: bare ASGI, with the model, and the bare FastAPI route that all else is a ratio of."""
    for contender in (BARE_ASGI, BARE_MODEL, BARE_ROUTE):
        yield contender.name, await trial(bench, contender)
