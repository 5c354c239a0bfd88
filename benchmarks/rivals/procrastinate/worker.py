"""Works the queue off, many jobs at once."""

import asyncio

import uvloop

from benchmarks.rivals.procrastinate.tasks import app, opened
from benchmarks.rivals.team.gateway import connected

CONCURRENCY = 15  # each of two workers: 30 are what the documentation has, and one worker fetches one job at a time


async def main() -> None:
    """Until it is ended."""
    async with opened(), connected() as gateway:
        await app.run_worker_async(concurrency=CONCURRENCY, additional_context={"gateway": gateway})


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
