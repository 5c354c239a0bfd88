"""The stand: a Gateway, an empty database and a contender, loaded and judged."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from app.cli.service_process import free_port
from benchmarks import events, proc
from benchmarks.bench import Bench
from benchmarks.contender import Contender, NotRunnableError, Place
from benchmarks.database import Counters
from benchmarks.generator.order import Order, Record
from benchmarks.judge import Call
from benchmarks.running import Helper, Processes, helper

STALLED = 20.0  # seconds without a contribution after which no more is expected
LOOK = 0.02  # seconds between looks at the Gateway's account
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """`count` events, at a `rate` or as fast as they are answered, each in a request or `batch` in an array; this share
    of them `repeated`; their ids without order `among` so many of the past. Without `connections` there are as many as
    the contender does best with.
    """

    count: int
    rate: float | None = None
    connections: int | None = None
    repeated: float = 0.0
    among: int = 0
    batch: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What was used since ever: CPU in seconds, WAL in bytes."""

    application: float
    database: float
    gateway: float
    wal: int
    memory: int


@dataclass(slots=True, kw_only=True)
class Stand:
    """A contender that is up. `acknowledged` has the amount of each event that got a 2xx, by its id; `events` is how
    many were sent in all.
    """

    bench: Bench
    contender: Contender
    place: Place
    processes: Processes
    gateway: Helper
    database: str
    acknowledged: dict[str, str] = field(default_factory=dict)
    events: int = 0
    counters: Counters | None = None

    async def usage(self) -> Usage:
        """Until now."""
        wal = await self.bench.database.wal()
        application = proc.of_session(self.processes.sessions("application"))
        store = proc.of_session(self.processes.sessions("store"))
        return Usage(
            application=proc.cpu_seconds(application),
            database=proc.cpu_seconds(store) + proc.cpu_seconds(proc.of_tree(self.bench.database.pid)),
            gateway=proc.cpu_seconds(proc.of_tree(self.gateway.pid)),
            wal=wal,
            memory=proc.resident(application),
        )

    async def send(self, load: Load, *, starting: Callable[[], Awaitable[None]] | None = None) -> "Sent":
        """Send a load and wait for its answers. `starting` is awaited in the last moment before. Raises
        NotRunnableError where nothing was acknowledged.
        """
        prefix = f"b{self.bench.number()}-"
        path = self.place.folder / f"{prefix}record.json"
        order = Order(
            ports=self.place.ports,
            count=load.count,
            prefix=prefix,
            key=self.bench.key.hex(),
            record=str(path),
            rate=load.rate,
            connections=load.connections or self.contender.senders,
            repeated=load.repeated,
            among=load.among,
            batch=load.batch,
        )
        generator = await helper(sys.executable, "-m", "benchmarks.generator", told=order.text())
        try:
            before = await self.usage()
            if starting:
                await starting()
            await generator.tell("go")
            if await generator.process.wait():
                raise NotRunnableError("its answers could not be read")
        finally:
            await generator.kill()
        sent = Sent(prefix=prefix, among=load.among, record=Record.read(path), before=before)
        path.unlink()
        if not sent.acknowledged():
            raise NotRunnableError(f"nothing was acknowledged: {dict(Counter(sent.record.status))}")
        self.acknowledged |= sent.acknowledged()
        self.events += load.count
        return sent

    async def calls(self) -> list[Call]:
        """The Gateway's account so far."""
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            found: list[Call] = (await client.get(f"{self.place.gateway_url}/account/calls")).json()
            return found

    async def forwarded(self) -> None:
        """Wait until the Gateway has what was acknowledged, and nothing is left to do for it; or until the Gateway has
        got nothing more for a while.
        """
        if not self.contender.forwards:
            return
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            seen, changed, complete = -1, time.monotonic(), False
            while time.monotonic() - changed < STALLED:
                calls = (await client.get(f"{self.place.gateway_url}/account")).json()["calls"]
                if calls != seen:
                    seen, changed = calls, time.monotonic()
                    complete = calls >= len(self.acknowledged) and not self._missing(await self.calls())
                if complete and not await self._unsettled():
                    return
                await asyncio.sleep(LOOK)

    def _missing(self, calls: list[Call]) -> bool:
        return not self.acknowledged.keys() <= {event_id for event_id, _, _ in calls}

    async def _unsettled(self) -> int:
        if self.contender.unsettled is None:
            return 0
        return int(await self.bench.database.value(self.database, self.contender.unsettled))


@dataclass(slots=True, kw_only=True)
class Sent:
    """A load that was sent, and what had been used before."""

    prefix: str
    record: Record
    before: Usage
    among: int = 0

    def event_id(self, number: int) -> str:
        """Of one of its events."""
        return events.event_id(self.prefix, number, among=self.among)

    def acknowledged(self) -> dict[str, str]:
        """The amount of each event that got a 2xx, by its id: all of an array's, so that one refused in it is lost."""
        return {
            self.event_id(event): events.amount(event)
            for event, status in zip(self.record.event, self.record.status, strict=True)
            if status in _SUCCESS
        }

    @property
    def succeeded(self) -> int:
        """How many events got a 2xx."""
        return sum(status in _SUCCESS for status in self.record.status)

    @property
    def first(self) -> int:
        """When the first request was sent."""
        return min(at for at in self.record.sent if at)

    @property
    def last(self) -> int:
        """When the last answer came."""
        return max(self.record.answered)


@asynccontextmanager
async def standing(
    bench: Bench,
    contender: Contender,
    *,
    latency: float = 0.0,
    processes: int = 1,
    settings: Mapping[str, str] | None = None,
    ledger: str | None = None,
) -> AsyncIterator[Stand]:
    """A contender on an empty database, or on the one named, which is left there. `latency` is the Gateway's, in
    seconds. Raises NotRunnableError. What PostgreSQL counted is there after the context.
    """
    name = f"{bench.number():03}-{contender.name}"
    folder = bench.folder / name
    folder.mkdir()
    database = ledger or f"trial_{bench.number()}"
    async with bench.divided(processes) as cores:
        if not ledger:
            await bench.database.create(database)
        await bench.database.checkpoint()
        gateway = await helper(sys.executable, "-m", "benchmarks.gateway", str(latency))
        running = Processes(folder, cores)
        stand = Stand(
            bench=bench,
            contender=contender,
            place=Place(
                ports=tuple(free_port() for _ in range(1 if contender.one_port else processes)),
                database_url=bench.database.url(database),
                gateway_url=f"http://127.0.0.1:{gateway.said}",
                secret=bench.secret,
                folder=folder,
                processes=processes,
                settings=settings or {},
            ),
            processes=running,
            gateway=gateway,
            database=database,
        )
        try:
            await running.run(contender.before(stand.place))
            await running.start(contender.start(stand.place))
            urls = [f"http://127.0.0.1:{port}{contender.health}" for port in stand.place.ports]
            await running.ready(urls, sign=contender.sign)
            yield stand
        finally:
            await running.kill()
            await gateway.kill()
        while not await bench.database.closed(database):
            await asyncio.sleep(0.02)
        stand.counters = await bench.database.counters(database)
        if not ledger:
            await bench.database.drop(database)
