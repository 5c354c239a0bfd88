"""Works the queue off, many jobs at once."""

import asyncio
import os

import uvloop

from benchmarks.rivals.procrastinate.tasks import app, opened
from benchmarks.rivals.team.gateway import connected

CONCURRENCY = int(os.environ.get("CONC", "15"))  # as the documentation has it


async def main() -> None:
    """Until it is ended."""
    async with opened(), connected() as gateway:
        await app.run_worker_async(concurrency=CONCURRENCY, additional_context={"gateway": gateway})


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
