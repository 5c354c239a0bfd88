"""DBOS as a contender."""

from collections.abc import Sequence

from benchmarks.contender import Command, Contender, Place
from benchmarks.rivals.team import launching


def _prepare() -> None:
    launching.python("dbos")


def _before(place: Place) -> Sequence[Command]:
    return [launching.schema(place)]


def _start(place: Place) -> Sequence[Command]:
    return [launching.receiver("dbos", place)]


DBOS = Contender(
    name="dbos",
    title="DBOS Transact, our client",
    promises="acknowledged after the commit of the workflow's start; contributed at least once: a crash or a lost "
    "answer repeats the step",
    prepare=_prepare,
    before=_before,
    start=_start,
    unsettled="select count(*) from dbos.workflow_status where status in ('PENDING', 'ENQUEUED')",
)
