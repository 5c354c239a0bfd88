"""pgqueuer as a contender, tuned as its performance guide advises."""

from collections.abc import Callable, Sequence

from benchmarks.contender import Command, Contender, Place
from benchmarks.rivals.team import launching

PROMISES = "acknowledged after the commit; contributed at least once: a crash or a lost answer repeats the call"


def _prepare() -> None:
    launching.python("pgqueuer")


def _before(place: Place) -> Sequence[Command]:
    told = {"PGDSN": place.database_url}
    return [
        launching.schema(place),
        launching.module("pgqueuer", place, ".pgqueuer", "install", **told),
        launching.module("pgqueuer", place, ".pgqueuer", "autovac", **told),
    ]


def _with(suffix: str) -> Callable[[Place], Sequence[Command]]:
    return lambda place: [
        launching.receiver("pgqueuer", place, module=f"web{suffix}"),
        launching.module("pgqueuer", place, f"worker{suffix}"),
    ]


def _contender(name: str, title: str, suffix: str, unsettled: str, *, senders: int) -> Contender:
    return Contender(
        name=name,
        title=title,
        promises=PROMISES,
        prepare=_prepare,
        before=_before,
        start=_with(suffix),
        unsettled=unsettled,
        senders=senders,
    )


PGQUEUER = _contender("pgqueuer", "pgqueuer, our client", "", "select count(*) from pgqueuer", senders=16)
PGQUEUER_BATCHED = _contender(
    "pgqueuer-group-commit",
    "pgqueuer, our client and our group commit",
    "_batched",
    "select (select count(*) from pgqueuer) + (select count(*) from events where status = 'accepted')",
    senders=256,
)
