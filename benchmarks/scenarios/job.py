"""The job itself: accepting, and accepting and contributing."""

from collections.abc import AsyncIterator

from benchmarks.bench import Bench
from benchmarks.measurement import Measurement
from benchmarks.ours import ACCEPTING, OURS
from benchmarks.scenario import scenario
from benchmarks.trial import trial


@scenario("accept")
async def accept(bench: Bench) -> AsyncIterator[tuple[str, Measurement]]:
    """Accepting only: authenticated, validated, deduplicated, committed; nothing dispatches."""
    yield "accept", await trial(bench, ACCEPTING)


@scenario("contribute")
async def contribute(bench: Bench) -> AsyncIterator[tuple[str, Measurement]]:
    """The whole job in one process: accepted, contributed and settled, by a Gateway that answers at once."""
    yield "contribute", await trial(bench, OURS)
