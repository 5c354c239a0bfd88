"""The service under fuzz: a real process on a real PostgreSQL, with what it remembers and how large it is."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import select

from app.cli.service_process import environment, free_port, service_process
from app.ledger.tables import events
from tests import examples
from tests.acceptance.wire import Address
from tests.fuzz import feeds

BODY_LIMIT = 1_000_000  # bytes; more than usual, so that monsters come further
READ_TIMEOUT = "1s"  # so that nobody waits long for being hung up on


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzedService:
    """A running service, its address, and its ledger."""

    process: Process
    address: Address
    database_url: str
    configuration: Path

    @property
    def alive(self) -> bool:
        """Whether it has not ended by itself."""
        return self.process.returncode is None

    @property
    def memory(self) -> int:
        """The bytes of memory that it has."""
        return int(psutil.Process(self.process.pid).memory_info().rss)

    async def recorded(self) -> list[str]:
        """The ids of all events in the ledger."""
        engine = examples.engine(self.database_url)
        async with engine.connect() as connection:
            ids = list((await connection.execute(select(events.c.event_id))).scalars())
        await engine.dispose()
        return ids

    async def census(self) -> tuple[int | None, dict[str, Any]]:
        """The exit status of `event-processor ledger`, and what it says."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "app", "ledger", "--json"), env=environment(self.configuration), stdout=PIPE
        )
        output, _ = await process.communicate()
        return process.returncode, json.loads(output)

    async def settled(self) -> None:
        """Wait until nothing waits: no event for its commit, no contribution for its call."""

        async def idle() -> bool:
            values = await self._metrics()
            names = ("events_unwritten", "backlog", "dispatcher_in_flight")
            return not any(values[f"event_processor_{name}"] for name in names)

        await examples.eventually(idle)

    async def _metrics(self) -> dict[str, float]:
        async with httpx.AsyncClient(base_url=self.address.url, trust_env=False) as client:
            text = (await client.get("/metrics")).text
        return {sample.name: sample.value for each in text_string_to_metric_families(text) for sample in each.samples}


@asynccontextmanager
async def fuzzed_service(folder: Path, *, database_url: str, gateway_url: str) -> AsyncIterator[FuzzedService]:
    """A service with files in a folder, until the context ends."""
    address = Address(port=free_port())
    configuration = folder / "fuzzed.toml"
    configuration.write_text(
        f'operator_id = "casino"\nbrands = ["brand1", "brand2"]\ndatabase_url = "{database_url}"\n'
        f'[server]\nport = {address.port}\nbody_limit = {BODY_LIMIT}\nread_timeout = "{READ_TIMEOUT}"\n'
        f'drain = "100ms"\n'
        f'[gateway]\nurl = "{gateway_url}"\nusername = "{examples.USERNAME}"\npassword = "{examples.PASSWORD}"\n'
        f"{feeds.TOML}"
    )
    async with service_process(configuration, address.url, log=folder / "fuzzed.log") as process:
        yield FuzzedService(process=process, address=address, database_url=database_url, configuration=configuration)
