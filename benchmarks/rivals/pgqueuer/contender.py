"""pgqueuer as a contender, tuned as its performance guide advises."""

from collections.abc import Sequence

from benchmarks.contender import Command, Contender, Place
from benchmarks.rivals.team import launching


def _prepare() -> None:
    launching.python("pgqueuer")


def _before(place: Place) -> Sequence[Command]:
    told = {"PGDSN": place.database_url}
    return [
        launching.schema(place),
        launching.module("pgqueuer", place, ".pgqueuer", "install", **told),
        launching.module("pgqueuer", place, ".pgqueuer", "autovac", **told),
    ]


def _start(place: Place) -> Sequence[Command]:
    return [launching.receiver("pgqueuer", place), launching.module("pgqueuer", place, "worker")]


PGQUEUER = Contender(
    name="pgqueuer",
    title="pgqueuer, our client",
    promises="acknowledged after the commit; contributed at least once: a crash or a lost answer repeats the call",
    prepare=_prepare,
    before=_before,
    start=_start,
    unsettled="select count(*) from pgqueuer",
)
