"""A trial: a contender warmed up, loaded for some seconds, and measured until all that it owes is done."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchmarks.bench import Bench
from benchmarks.contender import Contender, NotRunnableError
from benchmarks.generator.order import Record
from benchmarks.judge import judge
from benchmarks.latency import latency, percentile
from benchmarks.measurement import Measurement
from benchmarks.scenario import NotRun
from benchmarks.stand import Load, Sent, Stand, Usage, standing

FIRST = 200  # events, to see how fast a contender is
FEWEST, MOST = 200, 100_000  # events of a load


async def trial(
    bench: Bench,
    contender: Contender,
    *,
    repeated: float = 0.0,
    gateway_latency: float = 0.0,
    processes: int = 1,
    connections: int | None = None,
    settings: Mapping[str, str] | None = None,
    ledger: str | None = None,
    among: int = 0,
    batch: int = 0,
) -> Measurement:
    """Warm a contender up and saturate it. Raises NotRunnableError."""
    async with standing(
        bench, contender, latency=gateway_latency, processes=processes, settings=settings, ledger=ledger
    ) as stand:
        rate = await warmed(stand, connections=connections, batch=batch)
        load = Load(
            count=events_for(rate, bench.seconds),
            connections=connections,
            repeated=repeated,
            among=among,
            batch=batch,
        )
        measured = await measure(stand, load)
    return with_counters(measured, stand)


async def tried(
    bench: Bench, contender: Contender, *, processes: int = 1, connections: int | None = None
) -> Measurement | NotRun:
    """The same, of a contender that this machine may not be made for."""
    try:
        contender.prepare()
        return await trial(bench, contender, processes=processes, connections=connections)
    except NotRunnableError as error:
        return NotRun(contender=contender.name, why=str(error))


def events_for(rate: float, seconds: float) -> int:
    """How many events take about so long."""
    return int(max(FEWEST, min(MOST, rate * seconds)))


async def warmed(stand: Stand, *, connections: int | None = None, batch: int = 0) -> float:
    """Have everything that happens once happen before it is measured. Gives the rate, in events a second."""
    load = Load(count=FIRST, connections=connections, batch=batch)
    rate = (await measure(stand, load)).rate
    if FIRST / rate >= stand.contender.warm_up:
        return rate
    return (await measure(stand, replace(load, count=events_for(rate, stand.contender.warm_up)))).rate


async def measure(stand: Stand, load: Load) -> Measurement:
    """Send a load, wait until all that is owed for it is done, and see what that took."""
    sent = await stand.send(load)
    await stand.forwarded()
    return await measured(stand, load, sent, await stand.usage())


async def measured(stand: Stand, load: Load, sent: Sent, after: Usage) -> Measurement:
    """What a load that was sent and is done came to."""
    calls = await stand.calls() if stand.contender.forwards else []
    ids = {sent.event_id(number) for number in sent.record.event}
    arrived = {event_id: at for event_id, _, at in reversed(calls) if event_id in ids}
    record, before, count = sent.record, sent.before, load.count
    done, last = finished(stand.contender, sent, arrived)
    return Measurement(
        events=count,
        statuses={str(status): times for status, times in sorted(Counter(record.status).items())},
        rate=done / ((last - sent.first) / 1e9),
        answered_rate=sent.succeeded / ((sent.last - sent.first) / 1e9),
        cpu=(after.application - before.application) / done * 1e3,
        database_cpu=(after.database - before.database) / done * 1e3,
        gateway_cpu=(after.gateway - before.gateway) / done * 1e3,
        generator_cpu=record.cpu_seconds / count * 1e3,
        memory_before=before.memory,
        memory_after=after.memory,
        wal=(after.wal - before.wal) / done,
        answer=latency(waits(record)),
        delay=latency(since(arrived, sent, record.answered)),
        from_due=latency(since(arrived, sent, record.due)),
        late=percentile(sorted(at - due for at, due in zip(record.sent, record.due, strict=True)), 0.99) / 1e6,
        connections=record.connections,
        judgement=judge(stand.acknowledged, calls) if stand.contender.forwards else None,
    )


def waits(record: Record) -> list[int]:
    """How long each answer took, from when its request was due, not from when it was sent: in nanoseconds."""
    return [at - due for at, due in zip(record.answered, record.due, strict=True) if at]


def finished(contender: Contender, sent: Sent, arrived: dict[str, int]) -> tuple[float, int]:
    """How many events led to what was promised, and when the last did: what a contender drops it has not done. Where
    some were repeated, each time shares in it.
    """
    if not contender.forwards:
        return sent.succeeded, sent.last
    acknowledged = sent.acknowledged().keys()
    made = sum(event_id in arrived for event_id in acknowledged)
    return max(1.0, sent.succeeded * made / len(acknowledged)), max(sent.last, *arrived.values(), 0)


def since(arrived: dict[str, int], sent: Sent, moments: Sequence[int]) -> list[int]:
    """How long after those moments, one for each event, it arrived at the Gateway. Of an event that was sent
    several times the first counts.
    """
    first: dict[str, int] = {}
    for event, moment in zip(sent.record.event, moments, strict=True):
        if moment:
            first.setdefault(sent.event_id(event), moment)
    return [arrived[event_id] - moment for event_id, moment in first.items() if event_id in arrived]


def with_counters(measured: Measurement, stand: Stand) -> Measurement:
    """With what PostgreSQL counted in all of the trial, warm-up and all, for each event of it."""
    counters = stand.counters
    if counters is None or not stand.events:
        return measured
    each = stand.events
    return replace(measured, commits=counters.commits / each, dead=counters.dead / each, hot=counters.hot / each)
