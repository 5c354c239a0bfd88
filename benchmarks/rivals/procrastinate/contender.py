"""procrastinate as a contender."""

from collections.abc import Sequence

from benchmarks.contender import Command, Contender, Place
from benchmarks.rivals.team import launching


def _prepare() -> None:
    launching.python("procrastinate")


def _before(place: Place) -> Sequence[Command]:
    tasks = "benchmarks.rivals.procrastinate.tasks.app"
    return [
        launching.schema(place),
        launching.module("procrastinate", place, ".procrastinate", "--app", tasks, "schema", "--apply"),
    ]


def _start(place: Place) -> Sequence[Command]:
    return [
        launching.receiver("procrastinate", place),
        *[launching.module("procrastinate", place, "worker")] * int(__import__("os").environ.get("WORKERS", "1")),
    ]


PROCRASTINATE = Contender(
    name="procrastinate",
    title="procrastinate, our client",
    promises="acknowledged after the commit; contributed at least once: a lost answer repeats the call, and so does "
    "the periodic task that one writes oneself for what a crash leaves behind",
    prepare=_prepare,
    before=_before,
    start=_start,
    unsettled="select count(*) from procrastinate_jobs where status in ('todo', 'doing')",
)
