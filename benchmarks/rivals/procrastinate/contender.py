"""procrastinate as a contender."""

from collections.abc import Sequence

from benchmarks.contender import Command, Contender, Place
from benchmarks.rivals.team import launching

WORKERS = 2  # brought out the most, of 1, 2 and 4


def _prepare() -> None:
    launching.python("procrastinate")


def _before(place: Place) -> Sequence[Command]:
    tasks = "benchmarks.rivals.procrastinate.tasks.app"
    return [
        launching.schema(place),
        launching.module("procrastinate", place, ".procrastinate", "--app", tasks, "schema", "--apply"),
    ]


def _start(place: Place) -> Sequence[Command]:
    workers = [launching.module("procrastinate", place, "worker") for _ in range(WORKERS)]
    return [launching.receiver("procrastinate", place), *workers]


PROCRASTINATE = Contender(
    name="procrastinate",
    title="procrastinate, our client",
    promises="acknowledged after the commit; contributed at least once: a lost answer repeats the call, and so does "
    "the periodic task that one writes oneself for what a crash leaves behind",
    prepare=_prepare,
    before=_before,
    start=_start,
    senders=16,
    unsettled="select count(*) from procrastinate_jobs where status in ('todo', 'doing')",
)
