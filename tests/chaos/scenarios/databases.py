"""The database crashed, cut off, full and silent."""

import asyncio
import time

from tests.chaos.scenario import Trial, scenario
from tests.chaos.stand import CONCURRENCY, LEASE, SERVICES

IN_TIME = "nothing: an outcome is kept until it can be written, and the lease lasts longer"


@scenario("postgres-crashes", seconds=60, quick_seconds=6, bound=IN_TIME)
async def postgres_crashes(trial: Trial) -> None:
    """PostgreSQL is stopped at once, as by a crash, and stays down for 0 to 5 seconds; again and again."""
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        await asyncio.sleep(trial.random.uniform(1, 4))
        await trial.stand.database.crash()
        await asyncio.sleep(trial.random.uniform(0, 5))
        await trial.stand.database.start()


@scenario(
    "postgres-crashes-in-recovery",
    seconds=60,
    bound=f"{CONCURRENCY} a kill: the calls that the process had under way",
)
async def postgres_crashes_during_recovery(trial: Trial) -> None:
    """A process is killed and started again, and 0.2 seconds after it is ready PostgreSQL crashes; 5 times."""
    for turn in range(5):
        await asyncio.sleep(2)
        service = trial.stand.services[turn % SERVICES]
        trial.may_leave_unknown(CONCURRENCY)
        await service.kill()
        await service.start()
        await service.ready()
        await asyncio.sleep(0.2)
        await trial.stand.database.crash()
        await asyncio.sleep(1)
        await trial.stand.database.start()


@scenario("backends-terminated", seconds=30, quick_seconds=4, bound=IN_TIME)
async def backends_terminated(trial: Trial) -> None:
    """Every connection of the services is terminated by the database, several times a second."""
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        await trial.stand.database.terminate_backends()
        await asyncio.sleep(trial.random.uniform(0.1, 0.5))


@scenario("connections-exhausted", seconds=10, bound=IN_TIME)
async def connections_exhausted(trial: Trial) -> None:
    """Somebody else takes every connection that the database has, also those that the services held; 2 times."""
    for _ in range(2):
        async with trial.stand.database.all_connections_taken():
            await asyncio.sleep(trial.seconds / 2)
        await asyncio.sleep(2)


@scenario(
    "half-open-database-socket",
    seconds=LEASE + 10,
    bound=f"{CONCURRENCY} an outage beyond the lease: the outcomes that could not be written in time",
)
async def half_open_database_socket(trial: Trial) -> None:
    """The network between a process and its database swallows everything and says nothing: first for a while, then
    for longer than a lease.
    """
    proxied = trial.stand.services[0]
    await proxied.terminate()
    await proxied.start(trial.stand.through_proxy)
    await proxied.ready()
    for seconds in (5.0, trial.seconds):
        await asyncio.sleep(3)
        trial.stand.proxy.swallow()
        await asyncio.sleep(seconds)
        await trial.stand.proxy.cut()  # as the kernel does in the end; what was swallowed never arrives
        trial.stand.proxy.restore()
    trial.may_leave_unknown(CONCURRENCY)
    await asyncio.sleep(5)


@scenario("slow-database", seconds=20, bound=IN_TIME)
async def slow_database(trial: Trial) -> None:
    """The network between a process and its database takes half a second for each message."""
    proxied = trial.stand.services[0]
    await proxied.terminate()
    await proxied.start(trial.stand.through_proxy)
    await proxied.ready()
    trial.stand.proxy.delay = 0.5
    await asyncio.sleep(trial.seconds)


@scenario("locked-ledger", seconds=12, bound=IN_TIME)
async def locked_ledger(trial: Trial) -> None:
    """Somebody locks both tables for longer than a statement may take, as a careless migration does."""
    await asyncio.sleep(2)
    await trial.stand.database.execute(
        f"begin; lock table events, contributions; select pg_sleep({trial.seconds}); commit"
    )
