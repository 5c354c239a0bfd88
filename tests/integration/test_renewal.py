"""Leases as their holder knows them."""

import asyncio
from datetime import timedelta
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.dispatcher.renewal import Lease, keep_leases
from app.ledger.inbox import Inbox
from app.ledger.outbox import Outbox
from tests import examples

LENGTH = timedelta(minutes=1)
OVER = float("-inf")


async def _leases(engine: AsyncEngine, count: int) -> list[Lease]:
    """Leases on the ledger whose holder believes that they are over."""
    for number in range(count):
        await Inbox(engine).record(examples.entry(f"bet-{number}"))
    claims = await Outbox(engine).claim(count, token=uuid4(), lease=LENGTH)
    return [Lease(id=claim.id, token=claim.lease_token, until=OVER) for claim in claims]


async def _renewed(engine: AsyncEngine, leases: list[Lease]) -> None:
    """Renew until one of them runs."""
    keeping = asyncio.create_task(keep_leases(Outbox(engine), lambda: leases, LENGTH))

    async def one_runs() -> bool:
        return any(lease.runs() for lease in leases)

    await examples.eventually(one_runs)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)


async def test_a_lease_that_is_renewed_runs_and_one_that_another_took_over_does_not(engine: AsyncEngine) -> None:
    ours, lost = await _leases(engine, 2)
    async with engine.connect() as connection:
        await connection.execute(
            text("update contributions set lease_token = gen_random_uuid() where id = :id"), {"id": lost.id}
        )

    await _renewed(engine, [ours, lost])

    assert (True, False) == (ours.runs(), lost.runs())


async def test_a_renewal_that_fails_is_repeated_and_nothing_runs_meanwhile(engine: AsyncEngine) -> None:
    leases = await _leases(engine, 1)
    failures = 0

    class Failing(Outbox):
        async def renew(self, *_: object, **__: object) -> None:  # type: ignore[override]
            nonlocal failures
            failures += 1
            raise OSError("the network is down")

    keeping = asyncio.create_task(keep_leases(Failing(engine), lambda: leases, LENGTH))

    async def tried_again() -> bool:
        return failures > 1

    await examples.eventually(tried_again)
    keeping.cancel()
    await asyncio.gather(keeping, return_exceptions=True)

    assert not leases[0].runs()
