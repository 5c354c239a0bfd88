"""`pause` and `resume`: stops calling the Gateway, in all processes, while events are accepted as ever."""

import asyncio

from app.cli.opened import opened_at_head
from app.cli.showing import when
from app.cli.signing import By, Reason, signature
from app.cli.text import shown
from app.ledger import pause as pausing
from app.ledger.pause import Pause
from app.settings import load


def pause(reason: Reason, by: By = None) -> None:
    """Stop forwarding, in all processes, until `resume`. Events are accepted and wait; calls under way finish."""
    signed, database = signature(by, reason), load().database()

    async def run() -> tuple[bool, Pause | None]:
        async with opened_at_head(database) as engine:
            return await pausing.pause(engine, signed), await pausing.standing_pause(engine)

    paused, standing = asyncio.run(run())
    if paused:
        print("forwarding is paused; events are accepted and wait")
    elif standing:
        by_whom = f"by {standing.signature.actor}: {standing.signature.reason}"
        print(shown(f"forwarding is paused already, since {when(standing.paused_at)} {by_whom}"))


def resume(reason: Reason, by: By = None) -> None:
    """Forward again, in all processes."""
    signed, database = signature(by, reason), load().database()

    async def run() -> bool:
        async with opened_at_head(database) as engine:
            return await pausing.resume(engine, signed)

    print("forwarding is resumed" if asyncio.run(run()) else "forwarding is not paused")
