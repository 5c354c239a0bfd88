"""Renews the leases of what is under way, apart from the dispatcher's passes, which may be waiting for the database."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import structlog

from app.ledger.outbox import Outbox

RENEWALS = 3  # in the time of a lease
RETRY = 0.2  # seconds after a renewal that failed

_log = structlog.get_logger()


async def keep_leases(outbox: Outbox, tokens: Callable[[], set[UUID]], lease: timedelta) -> None:
    """Renew everything leased with these tokens, as they are at the time, until cancelled."""
    interval = lease.total_seconds() / RENEWALS
    while True:  # noqa: ASYNC110 - it is time that is waited for
        await asyncio.sleep(interval if await _renewed(outbox, tokens(), lease) else RETRY)


async def _renewed(outbox: Outbox, tokens: set[UUID], lease: timedelta) -> bool:
    try:
        if tokens:
            await outbox.renew(tokens, lease=lease)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next renewal must come
        _log.warning("dispatcher.renewal_failed", error=str(error))
        return False
    return True
