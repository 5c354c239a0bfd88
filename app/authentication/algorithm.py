"""What a signature is made with."""

from typing import Protocol


class Algorithm(Protocol):
    """Signs and verifies with any of its live keys."""

    @property
    def name(self) -> str:
        """What it is called."""

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """Whether the signature is that of the content by one of the keys. Every key is tried."""

    def sign(self, content: bytes) -> bytes:
        """The signature by the first of the keys. Raises CannotSignError."""
