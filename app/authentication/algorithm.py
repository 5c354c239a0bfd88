"""What a signature is made with."""

from typing import Protocol


class Algorithm(Protocol):
    """Signs and verifies with any of its live keys."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def live_keys(self) -> frozenset[bytes]:
        """Each key as bytes, to compare it with those of others: a secret as it is."""

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Whether the signature is that of the content by one of the keys. Every key is tried."""

    def sign(self, content: bytes) -> bytes:
        """The signature by the first of the keys. Raises CannotSignError."""
