"""The job itself: accepting, and accepting and contributing."""

from collections.abc import AsyncIterator

from benchmarks.bench import Bench
from benchmarks.measurement import Measurement
from benchmarks.names import BATCHES
from benchmarks.ours import ACCEPTING, OURS, SENDERS, WORKERS
from benchmarks.scenario import NotRun, scenario
from benchmarks.trial import trial, tried

BOTH = 2 * SENDERS  # so that two processes have as many each as one has elsewhere
SENDERS_OF = {1: SENDERS, 10: 32, 100: 8}  # arrays of so many events: as many as bring out the most


@scenario("accept")
async def accept(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """Accepting only: authenticated, validated, deduplicated, committed; nothing dispatches."""
    yield "accept", await trial(bench, ACCEPTING)


@scenario("contribute")
async def contribute(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """The whole job in one process: accepted, contributed and settled, by a Gateway that answers at once."""
    yield "contribute", await trial(bench, OURS)


@scenario("gateway", quick=False)
async def gateway(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """The whole job by a Gateway that takes 5 and 50 ms to answer."""
    yield "gateway-5ms", await trial(bench, OURS, gateway_latency=0.005)
    yield "gateway-50ms", await trial(bench, OURS, gateway_latency=0.05)


@scenario("duplicates", quick=False)
async def duplicates(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """The whole job where 5 % and 50 % of the requests repeat one of the thousand events before."""
    yield "duplicates-5", await trial(bench, OURS, repeated=0.05)
    yield "duplicates-50", await trial(bench, OURS, repeated=0.5)


@scenario("batches", quick=False)
async def batches(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """The whole job with the same events in arrays of 1, 10 and 100, each array signed and answered as one request."""
    for name, size in BATCHES.items():
        yield name, await trial(bench, OURS, connections=SENDERS_OF[size], batch=size)


@scenario("processes", quick=False)
async def processes(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """The whole job in one process and in two, each on a core of its own; and in two that `--workers` made."""
    yield "processes-1", await trial(bench, OURS, connections=BOTH)
    yield "processes-2", await trial(bench, OURS, connections=BOTH, processes=2)
    yield "workers-2", await tried(bench, WORKERS, connections=BOTH, processes=2)
