"""Tokens under which nothing was sent, and something may be leased: given back, so that it does not become unknown."""

import asyncio
import time
from uuid import UUID

import structlog

from app.dispatcher.delivery import SETTLE_RETRY
from app.ledger.engine import LedgerUnavailableError
from app.ledger.outbox import Outbox

_log = structlog.get_logger()


class Unsent:
    """Each token with the time until which something may yet be leased with it, by `time.monotonic()`."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._tokens: dict[UUID, float] = {}

    def remember(self, token: UUID, *, until: float = 0.0) -> None:
        """Give back what is leased with it. Once is enough, where the statement that leases has ended or its answer is
        awaited: `until` is for one that may yet commit.
        """
        self._tokens[token] = until

    def forget(self, token: UUID) -> None:
        """What is leased with it is about to be sent."""
        del self._tokens[token]

    async def give_back(self) -> None:
        """Raises LedgerUnavailableError, after which all are still to be given back."""
        if not (tokens := set(self._tokens)):
            return
        released = await self._outbox.release(tokens)
        now = time.monotonic()
        for token in tokens:
            if token in released or self._tokens[token] <= now:
                del self._tokens[token]

    async def give_back_at_last(self) -> None:
        """Once, and again while the database does not answer: until it does, or this is cut off."""
        while self._tokens:
            try:
                tokens = set(self._tokens)
                await self._outbox.release(tokens)
                for token in tokens:
                    del self._tokens[token]
            except LedgerUnavailableError as error:
                _log.warning("dispatcher.release_failed", error=str(error))
                await asyncio.sleep(SETTLE_RETRY)
