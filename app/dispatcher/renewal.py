"""Leases as their holder knows them, renewed apart from its passes, which may be waiting for the database."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog

from app.ledger.outbox import Outbox

RENEWALS = 3  # in the time of a lease
RETRY = 0.2  # seconds after a renewal that failed

_log = structlog.get_logger()


@dataclass(slots=True, kw_only=True)
class Lease:
    """A contribution in our hands. `until` is on our own clock, in seconds, and no later than the database's end."""

    id: UUID
    token: UUID
    until: float

    def runs(self) -> bool:
        """Whether surely nobody has taken it over."""
        return time.monotonic() < self.until


async def keep_leases(outbox: Outbox, leases: Callable[[], Collection[Lease]], length: timedelta) -> None:
    """Renew the leases there are at the time, until cancelled."""
    interval = length.total_seconds() / RENEWALS
    while True:  # noqa: ASYNC110 - it is time that is waited for
        await asyncio.sleep(interval if await renew(outbox, leases(), length) else RETRY)


async def renew(outbox: Outbox, leases: Collection[Lease], length: timedelta) -> bool:
    """Renew these leases; False where that failed. Never raises."""
    asked = time.monotonic()
    try:
        tokens = {lease.id: lease.token for lease in leases}
        ours = await outbox.renew(tokens, lease=length) if tokens else set[UUID]()
    except Exception as error:  # noqa: BLE001 - whatever it is, the next renewal must come
        _log.warning("dispatcher.renewal_failed", error=str(error))
        return False
    for lease in leases:
        if lease.id in ours:
            lease.until = asked + length.total_seconds()
    return True
