"""Processes of the service killed, stopped and ended."""

import asyncio
import signal
import time

from app.sandbox.setup import BRAND_ID
from app.sandbox.traffic import Traffic
from tests.chaos.process import ServiceProcess
from tests.chaos.scenario import Trial, scenario
from tests.chaos.stand import CONCURRENCY, LEASE, SERVICES

A_KILL = f"{CONCURRENCY} a kill: the calls that one process has under way"


@scenario("sigkill-one-of-two", seconds=60, quick_seconds=5, bound=A_KILL)
async def sigkill_one_of_two(trial: Trial) -> None:
    """One of two processes, chosen by chance, is killed every 5 to 10 seconds (quick: 2 to 3) and started again."""
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        await asyncio.sleep(trial.random.uniform(2, 3) if trial.quick else trial.random.uniform(5, 10))
        await _kill(trial, trial.random.choice(trial.stand.services))


@scenario("sigkill-in-a-burst", seconds=60, bound=A_KILL)
async def sigkill_in_a_burst(trial: Trial) -> None:
    """In the middle of a burst of 100 events a process is killed, 20 times."""
    stories = Traffic(brand_id=BRAND_ID, random=trial.random, prefix=f"{trial.prefix}burst-").stories(10**9)
    next(stories)  # one event many times over, which is another scenario
    async with asyncio.TaskGroup() as group:
        for kill in range(20):
            before = len(trial.stand.gateway.account.calls)
            for _ in range(100):
                group.create_task(trial.sender.tell(next(stories)))
            await _called(trial, before + 10)
            await _kill(trial, trial.stand.services[kill % SERVICES])


@scenario("sigkill-the-dispatcher", seconds=30, bound=A_KILL)
async def sigkill_the_dispatcher(trial: Trial) -> None:
    """Two processes receive, and a third dispatches; that one is killed every 3 to 6 seconds and started again."""
    for service in trial.stand.services:
        await service.terminate()
        await service.start(command=("app", "serve", "--no-dispatch"))
        await service.ready()
    dispatcher, ends = trial.stand.spare, time.monotonic() + trial.seconds
    await dispatcher.start(command=("app", "dispatch"))
    while time.monotonic() < ends:
        await dispatcher.ready()
        await asyncio.sleep(trial.random.uniform(3, 6))
        trial.may_leave_unknown(CONCURRENCY)
        await dispatcher.kill()
        await dispatcher.start(command=("app", "dispatch"))


@scenario("sigkill-all", seconds=30, bound=A_KILL)
async def sigkill_all(trial: Trial) -> None:
    """PostgreSQL and every process end at once, as in a power cut, and are started again; 3 times."""
    for _ in range(3):
        await asyncio.sleep(trial.seconds / 3)
        trial.may_leave_unknown(SERVICES * CONCURRENCY)
        await asyncio.gather(trial.stand.database.crash(), *(service.kill() for service in trial.stand.services))
        await trial.stand.restore()


@scenario("sigstop-beyond-the-lease", seconds=LEASE + 8, bound=f"{CONCURRENCY} a stop: the calls that were under way")
async def sigstop_beyond_the_lease(trial: Trial) -> None:
    """One process after the other is stopped for longer than its leases last, while the other works on; then it goes on
    as if nothing had happened.
    """
    for stopped in trial.stand.services:
        await asyncio.sleep(2)
        trial.may_leave_unknown(CONCURRENCY)
        stopped.signal(signal.SIGSTOP)
        try:
            await asyncio.sleep(trial.seconds)
        finally:
            stopped.signal(signal.SIGCONT)
        await stopped.ready()


@scenario(
    "sigterm-rolling-restarts",
    seconds=30,
    quick_seconds=1,
    bound="nothing: whoever is asked to go finishes first",
    tolerates=frozenset({"503"}),
)
async def sigterm_rolling_restarts(trial: Trial) -> None:
    """One process after the other is ended by SIGTERM and started again, as a deployment does; senders may see 503."""
    ends = time.monotonic() + trial.seconds
    while time.monotonic() < ends:
        for service in trial.stand.services:
            if await service.terminate() not in {0, -signal.SIGTERM}:  # uvicorn ends by the signal it was sent
                trial.surprises.append(f"a terminated service ended with {service.returncode}")
            await service.start()
            await service.ready()


async def _kill(trial: Trial, service: ServiceProcess) -> None:
    trial.may_leave_unknown(CONCURRENCY)
    await service.kill()
    await service.start()
    await service.ready()


async def _called(trial: Trial, calls: int) -> None:
    """Wait until so many calls came in at the Gateway, but not for ever: then the burst is over, which is well."""
    for _ in range(1000):
        if len(trial.stand.gateway.account.calls) >= calls:
            return
        await asyncio.sleep(0.005)
