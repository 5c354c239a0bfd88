"""`python -m tests.chaos.crashing`: the service's own command, but the process kills itself at one step of one event.

The step and the event are taken from the environment. No production code knows of this: the seams are replaced here,
and one that is renamed makes this fail at once.
"""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from typing import Any

from app.cli import main
from app.dispatcher.dispatcher import Dispatcher
from app.gateway.direct import DirectCaller
from app.ledger.handover import Reservation
from app.ledger.inbox import Inbox
from app.ledger.outbox import Outbox, Recovered

STEP, EVENT = "CHAOS_STEP", "CHAOS_EVENT"  # variables
UNDER_WAY = 0.2  # seconds into a step

Seam = Callable[..., Awaitable[Any]]

SEAMS: dict[str, tuple[type, str]] = {
    "recording": (Inbox, "record"),
    "claiming": (Outbox, "claim"),
    "beginning": (Outbox, "begin"),
    "sending": (DirectCaller, "post"),
    "settling": (Outbox, "settle"),
}
HANDING_OVER = "handing-over"  # of what was recorded to the dispatcher: the one seam that waits for nothing
CLAIMED = ("claiming", "beginning")  # what comes only to what was not handed over


class Crash:
    """Kills this process before, during or after a step, as soon as that concerns the event."""

    def __init__(self, step: str, event_id: str) -> None:
        self._when, _, self._seam = step.partition("-")
        self._names = {event_id}
        self._recorded = False

    def arm(self) -> None:
        """Replace every seam by one that watches, and the step's by one that kills. What other processes left is left
        to others: it would be under way when this one dies, and blamed on the step.
        """
        Outbox.recover = _recover_nothing  # type: ignore[assignment, method-assign]
        for name, (owner, attribute) in SEAMS.items():
            setattr(owner, attribute, self._watched(name, getattr(owner, attribute)))
        if self._seam in CLAIMED:
            reserve = Dispatcher.reserve
            Dispatcher.reserve = _reserving_nothing(reserve)  # type: ignore[assignment, method-assign]
        if self._seam == HANDING_OVER:
            Dispatcher.take = self._handed_over(Dispatcher.take)  # type: ignore[method-assign]

    def _handed_over(self, take: Callable[..., None]) -> Callable[..., None]:
        def watched(*arguments: Any, **named: Any) -> None:
            if self._concerns(arguments):  # it is committed, and leased to us
                _die()
            take(*arguments, **named)

        return watched

    def _watched(self, name: str, seam: Seam) -> Seam:
        async def watched(*arguments: Any, **named: Any) -> Any:
            kills = name == self._seam
            # A claim to come speaks of no event; once ours is recorded, it may be this claim that takes it.
            concerns = self._concerns(arguments, named) or (name == "claiming" and self._recorded)
            if kills and concerns and self._when == "before":
                _die()
            if kills and concerns and self._when == "during":
                asyncio.get_running_loop().call_later(UNDER_WAY, _die)
            result = await seam(*arguments, **named)
            if kills and self._when == "after" and self._concerns(arguments, named, result):
                _die()
            self._learn(name, arguments, result)
            return result

        return watched

    def _concerns(self, *values: Any) -> bool:
        spoken = repr(values)
        return any(name in spoken for name in self._names)

    def _learn(self, name: str, arguments: Any, result: Any) -> None:
        """By which other names the event goes from here on."""
        if name == "recording" and self._concerns(arguments):
            self._recorded = True
        if name == "claiming":
            ours = [claim for claim in result if self._concerns(claim)]
            self._names |= {str(each) for claim in ours for each in (claim.id, claim.lease_token)}


async def _recover_nothing(_outbox: Outbox, *, deduplicates: bool) -> Recovered:  # noqa: ARG001 - as the real one
    return Recovered()


def _reserving_nothing(reserve: Callable[[Dispatcher, int], Reservation]) -> Callable[[Dispatcher, int], Reservation]:
    def reserved(self: Dispatcher, wanted: int) -> Reservation:  # noqa: ARG001 - as the real one
        return reserve(self, 0)

    return reserved


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    Crash(os.environ[STEP], os.environ[EVENT]).arm()
    main()
