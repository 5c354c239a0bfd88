"""Whose turn it is to read a batch: what is parsed of one is many times as large as its body."""

import asyncio

from app.domain.limits import SMALL


class Turns:
    """A process's: one large batch and one small one are read at a time. More would not be read sooner, for reading
    waits for nothing; and a small one does not wait for those that take long.
    """

    def __init__(self) -> None:
        self._large = asyncio.Lock()
        self._small = asyncio.Lock()

    def of(self, length: int) -> asyncio.Lock:
        """What is held while a body of so many bytes is read, and no longer."""
        return self._large if length > SMALL else self._small
