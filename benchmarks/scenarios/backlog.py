"""A backlog, drained while new events come."""

from collections.abc import AsyncIterator
from dataclasses import replace

from benchmarks import events
from benchmarks.bench import Bench
from benchmarks.filling import Copies, copy
from benchmarks.judge import Call
from benchmarks.measurement import Measurement
from benchmarks.ours import OURS, command
from benchmarks.scenario import NotRun, scenario
from benchmarks.stand import Load, Stand, standing
from benchmarks.trial import events_for, measure, measured, warmed

ROWS, QUICK_ROWS = 100_000, 10_000
CAPACITY = 3.0  # seconds of saturation, to know the steady rate
SHARE = 0.2  # of the steady rate: how fast new events come
LONGER = 1.2  # than the backlog would take alone: how long they come


@scenario("backlog")
async def backlog(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """100,000 contributions (quick: 10,000) that waited while forwarding was paused, drained while new events come at a
    fifth of the steady rate; beside these events alone.
    """
    rows = QUICK_ROWS if bench.quick else ROWS
    async with standing(bench, OURS) as stand:
        steady = await measure(stand, Load(count=events_for(await warmed(stand), CAPACITY)))
        yield "backlog-steady", steady
        rate = steady.rate * SHARE
        yield "backlog-before", await measure(stand, Load(count=events_for(rate, bench.seconds), rate=rate))
        prefix = await _wait(stand, rows)
        yield "backlog", await _drain(stand, prefix, rows, Load(count=int(LONGER * SHARE * rows), rate=rate))


async def _wait(stand: Stand, rows: int) -> str:
    """Have so many contributions wait, forwarding being paused. Gives what their events' ids begin with."""
    await stand.processes.run([command(stand.place, "pause", "--by", "benchmark", "--reason", "a backlog")])
    sent = await stand.send(Load(count=1))
    prefix = f"waits-{sent.prefix}"
    copies = Copies(
        original=events.event_id(sent.prefix, 0), prefix=prefix, count=rows, apart="300 us", before="1 second"
    )
    await copy(stand.bench.database, stand.database, copies)
    stand.acknowledged |= {f"{prefix}{number:08}": events.amount(0) for number in range(rows)}
    return prefix


async def _drain(stand: Stand, prefix: str, rows: int, load: Load) -> Measurement:
    """With the rate of everything that arrived while the backlog did, and the cost of each of these."""

    async def resume() -> None:
        await stand.processes.run([command(stand.place, "resume", "--by", "benchmark", "--reason", "a backlog")])

    sent = await stand.send(load, starting=resume)
    await stand.forwarded()
    came = await measured(stand, load, sent, await stand.usage())
    share = load.count / (load.count + rows)
    return replace(
        came,
        rate=drained(await stand.calls(), prefix),
        cpu=came.cpu * share,
        database_cpu=came.database_cpu * share,
        gateway_cpu=came.gateway_cpu * share,
        wal=came.wal * share,
    )


def drained(calls: list[Call], prefix: str) -> float:
    """Contributions a second, the new ones too, from the first to the last of those that had waited."""
    waited = [at for event_id, _, at in calls if event_id.startswith(prefix)]
    first, last = min(waited), max(waited)
    return sum(first <= at <= last for _, _, at in calls) / ((last - first) / 1e9)
