"""A database that goes away under a running service and comes back is picked up, and nothing is stranded."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.embedded import EmbeddedServer
from app.ledger.inbox import Inbox
from app.ledger.outbox import Outbox
from app.ledger.schema import migrate
from app.ledger.tables import contributions
from app.sandbox.gateway import Faults
from app.settings import Settings
from tests import examples
from tests.acceptance.service import running
from tests.examples import Running

TAKING_OVER = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query ~ 'left_behind'")


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[EmbeddedServer]:
    """A PostgreSQL of the test's own, with a ledger, to be crashed."""
    server = EmbeddedServer(tmp_path)
    with server.shared():
        engine = examples.engine(server.url)
        await migrate(engine)
        await engine.dispose()
        yield server


async def _leave_behind(engine: AsyncEngine, event_id: str) -> None:
    """As a process does that is killed while it sends."""
    await Inbox(engine).record(examples.entry(event_id))
    token, ended = uuid4(), timedelta(seconds=-1)
    claims = await Outbox(engine).claim(1, token=token, lease=ended)
    await Outbox(engine).begin(claims, lease=ended)


def _settings(database_url: str, gateway_url: str) -> Settings:
    """With a short lease: after a failed pass nothing is taken over for as long as one lasts."""
    return examples.settings(
        database_url=database_url,
        gateway_url=gateway_url,
        database_timeout="2s",
        dispatcher={"poll_interval": "50ms", "lease": "3s"},
    )


async def test_a_crash_of_the_database_while_leases_are_taken_over_strands_nothing(
    server: EmbeddedServer, gateway: Running
) -> None:
    """Work stranded by a database that restarts during recovery is a published failure of others (DBOS #716)."""
    gateway.simulator.faults = Faults(authentication_down=True)  # so that leases are taken over and nothing is claimed
    engine = examples.engine(server.url)
    await _leave_behind(engine, "bet-left")
    async with engine.connect() as blocker:
        await blocker.execution_options(isolation_level="READ COMMITTED")
        await blocker.begin()
        await blocker.execute(text("lock table contributions in exclusive mode"))
        async with running(_settings(server.url, gateway.url)) as service:

            async def taking_over() -> bool:
                async with engine.connect() as connection:
                    return bool(await connection.scalar(TAKING_OVER))

            await examples.eventually(taking_over)
            await asyncio.to_thread(server.stop, "immediate")
            refused = await service.post("bet", examples.bet(event_id="bet-meanwhile"))
            await asyncio.to_thread(server.start)
            gateway.simulator.faults = Faults()

            async def accepted() -> bool:
                return (await service.post("bet", examples.bet(event_id="bet-meanwhile"))).status_code == 202

            async def settled() -> bool:
                fresh = examples.engine(server.url)
                async with fresh.connect() as connection:
                    rows = await connection.execute(select(contributions.c.event_id, contributions.c.status))
                    found = {row.event_id: row.status for row in rows}
                await fresh.dispose()
                return found == {"bet-left": "unknown", "bet-meanwhile": "contributed"}

            await examples.eventually(accepted)
            await examples.eventually(settled)
            assert (await service.ready())[0] == 200
        await blocker.invalidate()
    await engine.dispose()

    assert (503, True) == (refused.status_code, "retry-after" in refused.headers)
