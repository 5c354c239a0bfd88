"""Who may post to a feed: what every scheme can do. The schemes themselves are in the room `authentication`."""

from collections.abc import Mapping
from typing import Protocol


class CannotSignError(Exception):
    """Only the sender can sign: the scheme is given public keys, and the private ones are the sender's."""


class Scheme(Protocol):
    """A way to tell a feed's sender from everybody else."""

    @property
    def challenge(self) -> str:
        """What `WWW-Authenticate` says to a refused sender (RFC 9110)."""

    @property
    def signs(self) -> bool:
        """Whether it vouches for a body by a signature over it; where not, the body is not looked at. Other headers are
        in no signature: whoever has a signed request may send it again with others.
        """

    def refusal(self, headers: Mapping[str, str], body: bytes, *, now: float) -> str | None:
        """Why a request is not authentic, in words that may be shown to its sender, or None when it is.

        `headers` is looked up by lower-case names; `now` is in seconds since the epoch.
        """

    def credentials(self, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:
        """The headers that authenticate a body, as its sender makes them, with the first of the live keys.
        `timestamp` is in seconds since the epoch. Raises CannotSignError.
        """
