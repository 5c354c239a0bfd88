"""Works the queue off, in batches."""

import asyncio
from datetime import timedelta
from typing import Any

import asyncpg
import uvloop
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.executors import DatabaseRetryEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.models import Job

from benchmarks.rivals.team.gateway import Gateway, connected
from benchmarks.rivals.team.surroundings import DATABASE_URL, told

BATCH = 25  # as the performance guide has it for short jobs


def retrying(parameters: EntrypointExecutorParameters) -> DatabaseRetryEntrypointExecutor:
    return DatabaseRetryEntrypointExecutor(parameters=parameters, max_attempts=10, initial_delay=timedelta(seconds=1))


def worker(connection: Any, gateway: Gateway) -> PgQueuer:
    """With its one entrypoint."""
    queue = PgQueuer(AsyncpgDriver(connection))

    @queue.entrypoint("contribute", executor_factory=retrying)
    async def contribute(job: Job) -> None:
        await gateway.contribute(job.payload or b"")  # whose outcome stands in pgqueuer's log, by the job's id

    return queue


async def main() -> None:
    """Until it is ended."""
    connection = await asyncpg.connect(told(DATABASE_URL))  # one, not a pool, as is advised for workers
    async with connected() as gateway:
        await worker(connection, gateway).run(batch_size=BATCH)


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
