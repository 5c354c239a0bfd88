"""The hand-over: what is recorded is leased at once to whoever sends from this process, and needs not be looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID, uuid4

from app.ledger.claim import Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Reservation:
    """Room for `slots` contributions, which will be leased with `token` for `lease`."""

    slots: int
    token: UUID
    lease: timedelta


class Taker(Protocol):
    """Who takes contributions as they are recorded. Each reservation ends with one of `take` and `forgo`, which raise
    nothing.
    """

    def reserve(self, wanted: int) -> Reservation:
        """Keep room for as many as are wanted or as there is room for, which may be none."""

    def take(self, reservation: Reservation, claims: Sequence[Claim], *, left: int) -> None:
        """These are leased with the reservation's token and begun; `left` others were recorded, and wait to be
        claimed.
        """

    def forgo(self, reservation: Reservation) -> None:
        """Whether something was leased with the token is not known, and nothing was sent."""


class Nobody:
    """Sends nothing: a process that only receives. What it records is claimed by others."""

    def reserve(self, wanted: int) -> Reservation:  # noqa: ARG002 - there is room for none
        """No room."""
        return Reservation(slots=0, token=uuid4(), lease=timedelta())

    def take(self, reservation: Reservation, claims: Sequence[Claim], *, left: int) -> None:
        """Others will look."""

    def forgo(self, reservation: Reservation) -> None:
        """Nothing was leased."""
