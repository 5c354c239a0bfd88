"""A dispatcher as a model: what it remembers. A crash takes that from it; a stop makes it outlive its leases."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from app.ledger.claim import Claim
from app.ledger.handover import Reservation
from tests.model.gateway import Course


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """A claim that `begin` gave us to send. `course` is None before the call, `failed` says that a settlement was tried
    and its answer lost.
    """

    claim: Claim
    course: Course | None = None
    failed: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Worker:
    """`unsent` has what was claimed under each token with which nothing was sent; nothing where an answer was lost,
    since then it can only be given back.
    """

    unsent: dict[UUID, list[Claim]] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)

    def crash(self) -> None:
        """Forget everything."""
        self.unsent.clear()
        self.calls.clear()


@dataclass(slots=True, kw_only=True, eq=False)
class Hand:
    """A worker's hand, held out for what is being recorded: one reservation, and what came of it."""

    reservation: Reservation
    taken: list[Claim] = field(default_factory=list)

    def reserve(self, wanted: int) -> Reservation:  # noqa: ARG002 - more may be kept than is wanted
        return self.reservation

    def take(self, reservation: Reservation, claims: Sequence[Claim], *, left: int) -> None:
        assert reservation is self.reservation
        assert left >= 0
        self.taken = list(claims)

    def forgo(self, reservation: Reservation) -> None:
        raise AssertionError(f"nothing failed: {reservation}")
