"""Forwarding in the request as contenders: with httpx, and with the fast client."""

from collections.abc import Callable, Sequence

from benchmarks.contender import Command, Contender, Place
from benchmarks.rivals.team import launching
from benchmarks.rivals.team.surroundings import CLIENT

PROMISES = (
    "acknowledged after the contribution; a crash between the commit and the call loses the event, as its sender's "
    "retry is taken for a duplicate"
)


def _prepare() -> None:
    launching.python("forwarding")


def _before(place: Place) -> Sequence[Command]:
    return [launching.schema(place)]


def _with(client: str) -> Callable[[Place], Sequence[Command]]:
    return lambda place: [launching.receiver("forwarding", place, **{CLIENT: client})]


def _contender(name: str, title: str, client: str, *, senders: int) -> Contender:
    return Contender(
        name=name,
        title=title,
        promises=PROMISES,
        prepare=_prepare,
        before=_before,
        start=_with(client),
        senders=senders,
    )


FORWARDING = _contender("forwarding", "FastAPI forwarding in the request, httpx", "httpx", senders=8)
FORWARDING_FAST = _contender("forwarding-fast", "FastAPI forwarding in the request, our client", "fast", senders=16)
