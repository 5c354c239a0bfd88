"""The Celery application and its task, for the receiver and for the worker."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import asyncpg
import uvloop
from celery import Celery
from celery.signals import worker_process_init

from benchmarks.rivals.team.gateway import Gateway, GatewayError, connected
from benchmarks.rivals.team.surroundings import BROKER_URL, DATABASE_URL, told

_SETTLE = """
update events set status = 'contributed', settled_at = now() where feed = $1 and brand_id = $2 and event_id = $3
"""

app = Celery("rival", broker=told(BROKER_URL))
app.conf.update(
    task_acks_late=True,  # or a crash of the worker would lose what it was at
    task_ignore_result=True,  # the outcome is in the table of events
    broker_connection_retry_on_startup=True,
)


@dataclass(slots=True)
class Process:
    """What the tasks of a worker's process share."""

    runner: asyncio.Runner
    stack: AsyncExitStack  # which keeps the client open
    gateway: Gateway
    connection: Any


process: Process


@worker_process_init.connect  # type: ignore[untyped-decorator,unused-ignore]
def begin(**_: object) -> None:
    """A loop, a client and a connection for each process of the worker."""
    global process  # noqa: PLW0603 - tasks are functions of a module, and get what they need from it
    runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    stack = AsyncExitStack()
    gateway = runner.run(stack.enter_async_context(connected()))
    process = Process(runner, stack, gateway, runner.run(asyncpg.connect(told(DATABASE_URL))))


@app.task(autoretry_for=(GatewayError,), retry_backoff=True, max_retries=10)
def contribute(body: str, key: list[str]) -> None:
    """Make the contribution and store its outcome."""
    process.runner.run(_contribute(body, key))


async def _contribute(body: str, key: list[str]) -> None:
    await process.gateway.contribute(body.encode())
    await process.connection.execute(_SETTLE, *key)
