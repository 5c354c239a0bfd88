"""As `worker`, in larger batches, and with the outcomes in the table of events, in batches too."""

import asyncio
import json
from typing import Any

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job

from benchmarks.rivals.pgqueuer.worker import retrying
from benchmarks.rivals.team.batch import Batch
from benchmarks.rivals.team.gateway import Gateway, connected
from benchmarks.rivals.team.surroundings import DATABASE_URL, told

BATCH = 100
_SETTLE = """
update events set status = 'contributed', settled_at = now()
from unnest($1::text[], $2::text[], $3::text[]) as done (feed, brand_id, event_id)
where events.feed = done.feed and events.brand_id = done.brand_id and events.event_id = done.event_id
"""


class Outcomes:
    """Writes batches over a connection of its own."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    async def write(self, keys: list[dict[str, str]]) -> list[None]:
        """That these were contributed."""
        rows = [[key[name] for key in keys] for name in ("feed", "brand_id", "event_id")]
        await self._connection.execute(_SETTLE, *rows)
        return [None] * len(keys)


def worker(connection: Any, gateway: Gateway, outcomes: Batch[dict[str, str], None]) -> PgQueuer:
    """With its one entrypoint."""
    queue = PgQueuer(AsyncpgDriver(connection))

    @queue.entrypoint("contribute", executor_factory=retrying)
    async def contribute(job: Job) -> None:
        body = job.payload or b""
        await gateway.contribute(body)
        await outcomes.add(json.loads(body)["metadata"])

    return queue


async def main() -> None:
    """Until it is ended."""
    connection = await asyncpg.connect(told(DATABASE_URL))
    outcomes = Batch(Outcomes(await asyncpg.connect(told(DATABASE_URL))).write)
    async with connected() as gateway:
        await worker(connection, gateway, outcomes).run(batch_size=BATCH)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
