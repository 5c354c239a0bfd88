"""The same cost on a ledger with a past as on an empty one."""

from collections.abc import AsyncIterator

from benchmarks import events
from benchmarks.bench import Bench
from benchmarks.filling import Copies, copy
from benchmarks.measurement import Measurement
from benchmarks.ours import OURS
from benchmarks.scenario import NotRun, scenario
from benchmarks.stand import Load, standing
from benchmarks.trial import trial


@scenario("ledger")
async def ledger(bench: Bench) -> AsyncIterator[tuple[str, Measurement | NotRun]]:
    """The whole job on a ledger that holds many events before (--rows says how many; 1,000,000 without): with new ids
    that follow each other, as transaction numbers do, and with ids all over those of the past, as random ones are.
    """
    if bench.rows:
        name = await with_a_past(bench, bench.rows)
        yield f"ledger-{bench.rows}", await trial(bench, OURS, ledger=name)
        yield f"ledger-{bench.rows}-scattered", await trial(bench, OURS, ledger=name, among=bench.rows)


async def with_a_past(bench: Bench, rows: int) -> str:
    """The ledger that holds so many contributed events, made when it is first asked for."""
    name = f"past_{rows}"
    if not await bench.database.exists(name):
        await bench.database.create(name)
        async with standing(bench, OURS, ledger=name) as stand:
            sent = await stand.send(Load(count=1))
            await stand.forwarded()
        original = events.event_id(sent.prefix, 0)
        await copy(bench.database, name, Copies(original=original, prefix=events.PAST, count=rows))
    return name
