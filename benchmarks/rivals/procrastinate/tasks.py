"""The app and its task, for the receiver and for the worker."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import procrastinate
from psycopg_pool import AsyncConnectionPool

from benchmarks.rivals.team.surroundings import DATABASE_URL, told

CONNECTIONS = 16  # one for each concurrent job of a worker, and one to listen, as is advised for short jobs

app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=told(DATABASE_URL)))


@asynccontextmanager
async def opened() -> AsyncIterator[AsyncConnectionPool]:
    """The app, on a pool of ours, which does not ask a connection whether it lives each time before it is used, as the
    app's own would.
    """
    async with (
        AsyncConnectionPool(told(DATABASE_URL), min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
        app.open_async(pool),
    ):
        yield pool


@app.task(retry=procrastinate.RetryStrategy(max_attempts=10, exponential_wait=2), pass_context=True)
async def contribute(context: procrastinate.JobContext, *, body: str) -> None:
    """Make a contribution. Its outcome stands in the job, which is kept."""
    await context.additional_context["gateway"].contribute(body.encode())
