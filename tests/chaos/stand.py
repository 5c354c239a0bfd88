"""The stand: PostgreSQL, a Gateway and several processes of the service, each of which can be broken and restored."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from app.cli.service_process import environment
from app.sandbox.setup import Setup
from tests.chaos.database import NAME, USER, ChaosDatabase
from tests.chaos.filling import fill
from tests.chaos.gateway import ChaosGateway
from tests.chaos.process import ServiceProcess
from tests.chaos.proxy import DatabaseProxy

SERVICES = 2
CONCURRENCY = 8  # calls at once of each service: what one can leave unknown when it dies
LEASE = 8.0  # seconds
CALL = 3.0  # seconds that a call to the Gateway may take
HOLD = 1.0  # seconds between probes that do no harm
PROBES = 5.0  # seconds at most between probes that each may leave a contribution unknown

DATABASE_URL = "EVENT_PROCESSOR_DATABASE_URL"
DEDUPLICATING = {"EVENT_PROCESSOR_GATEWAY__DEDUPLICATES": "true"}
SETTINGS = {
    "EVENT_PROCESSOR_DATABASE_TIMEOUT": "3s",
    "EVENT_PROCESSOR_DISPATCHER__LEASE": f"{LEASE:g}s",
    "EVENT_PROCESSOR_DISPATCHER__POLL_INTERVAL": "500ms",
    "EVENT_PROCESSOR_DISPATCHER__BACKOFF_BASE": "200ms",
    "EVENT_PROCESSOR_DISPATCHER__BACKOFF_LIMIT": f"{PROBES:g}s",
    "EVENT_PROCESSOR_DISPATCHER__HOLD": f"{HOLD:g}s",
    "EVENT_PROCESSOR_GATEWAY__CONNECTIONS": str(CONCURRENCY),
    "EVENT_PROCESSOR_GATEWAY__TIMEOUT": f"{CALL:g}s",
    "EVENT_PROCESSOR_GATEWAY__CONNECT_TIMEOUT": "1s",
    "EVENT_PROCESSOR_SERVER__DRAIN": "2s",
    "EVENT_PROCESSOR_LOGGING__FORMAT": "json",
}


class Stand:
    """Everything that there is to break. `spare` is one more process, for something else than receiving."""

    def __init__(self, setup: Setup, random: Random) -> None:
        self.setup = setup
        self.database = ChaosDatabase(setup.folder)
        self.gateway = ChaosGateway(username=setup.username, password=setup.password, random=random)
        self.proxy = DatabaseProxy(self.database.socket)
        settings = SETTINGS | {DATABASE_URL: self.database.url}
        *services, self.spare = (
            ServiceProcess(setup.configuration, setup.folder / f"service-{number}.log", settings)
            for number in range(1, SERVICES + 2)
        )
        self.services = tuple(services)

    @property
    def through_proxy(self) -> dict[str, str]:
        """What makes a service go to its database through the proxy."""
        return {DATABASE_URL: f"postgresql://{USER}@127.0.0.1:{self.proxy.port}/{NAME}"}

    @asynccontextmanager
    async def standing(self, *, rows: int) -> AsyncIterator[None]:
        """Build it, on a ledger with a past of so many events; take it down with the context, come what may."""
        try:
            self.setup.write(gateway_url=self.gateway.url, port=0)
            await self.database.start()
            await self.database.create()
            await fill(self.database, rows)
            await self.proxy.start()
            await self.restore()
            yield
        finally:
            for service in (*self.services, self.spare):
                await service.kill()
            await self.proxy.close()
            await self.gateway.go_down()
            self.database.crash_at_last()

    async def restore(self, *, deduplicates: bool = False) -> None:
        """Everything running, no fault on. Whatever runs otherwise than usual is started again. `deduplicates` says
        whether the Gateway ignores a repetition, and the services know it.
        """
        variables = DEDUPLICATING if deduplicates else {}
        self.gateway.restore(deduplicates=deduplicates)
        self.proxy.restore()
        await self.gateway.listen()
        await self.database.start()
        await self.spare.terminate()
        for service in self.services:
            if not service.serves(variables):
                await service.terminate()
                await service.start(variables)
        await asyncio.gather(*(service.ready() for service in self.services))

    def died(self) -> list[str]:
        """Services that ended without having been told to."""
        return [f"a service ended by itself with {each.returncode}" for each in self.services if each.died]

    async def census(self) -> dict[str, Any]:
        """What `event-processor ledger` says."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "ledger", "--json"),
            env=environment(self.setup.configuration) | {DATABASE_URL: self.database.url},
            stdout=asyncio.subprocess.PIPE,
        )
        output, _ = await process.communicate()
        census: dict[str, Any] = json.loads(output)
        return census
