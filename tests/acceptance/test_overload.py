"""A database that fails or is slow: senders are told to come back, soon enough, and never that they were wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests import examples
from tests.acceptance.service import running
from tests.examples import Running

READ_ONLY = (
    "do $$ begin execute format('alter database %I set default_transaction_read_only = on', current_database()); end $$"
)


@asynccontextmanager
async def _no_commits(engine: AsyncEngine) -> AsyncIterator[None]:
    """Meanwhile nothing can be written to the inbox."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            await connection.execute(text("lock table events in exclusive mode"))
            yield


def _problem(response: httpx.Response) -> tuple[int, str, bool]:
    retry_after: str = response.headers.get("retry-after", "")
    return response.status_code, response.json()["type"].rpartition("/")[2], retry_after.isdigit()


async def test_when_too_much_is_unwritten_events_are_refused_and_probes_are_answered(
    database_url: str, gateway: Running, engine: AsyncEngine
) -> None:
    settings = examples.settings(
        database_url=database_url,
        gateway_url=gateway.url,
        server={"unwritten_limit": 3},
        database_timeout="60s",
        dispatcher={"lease": "5m"},
    )
    async with running(settings) as service:
        async with _no_commits(engine):
            unwritten = [
                asyncio.create_task(service.post("bet", examples.bet(event_id=str(number)))) for number in range(3)
            ]

            async def full() -> bool:
                return await service.metric("events_unwritten") == 3

            await examples.eventually(full)
            refused = await service.post("bet", examples.bet(event_id="one too many"))
            unsigned = await service.post_body("bet", b"{", webhook_signature="v1,AAAA")
            ready, _ = await service.ready()
        answers = await asyncio.gather(*unwritten)
        again = await service.post("bet", examples.bet(event_id="one too many"))
        counted = await service.metric("events_refused_total", feed="bet", cause="overloaded")
        left = await service.metric("events_unwritten")

    assert [(503, "overloaded", True)] * 2 == [_problem(refused), _problem(unsigned)]
    assert (200, 2, 0) == (ready, counted, left)
    assert [202] * 4 == [response.status_code for response in (*answers, again)]


async def test_a_commit_that_takes_too_long_is_not_waited_for(
    database_url: str, gateway: Running, engine: AsyncEngine
) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, database_timeout="1s")
    async with running(settings) as service, _no_commits(engine):
        with anyio.fail_after(examples.DEADLINE):
            responses = await asyncio.gather(
                *(service.post("bet", examples.bet(event_id=str(number))) for number in range(200))
            )

    assert {(503, "unavailable", True)} == set(map(_problem, responses))


@pytest.mark.parametrize(
    "fault",
    [
        "drop table contributions",
        "alter table events rename column payload to load",
        "alter table events add constraint refuse check (false) not valid",
        "alter table contributions alter column body type varchar(1)",
        READ_ONLY,
    ],
    ids=["no table", "no column", "a constraint", "a value too long", "read only"],
)
async def test_a_failed_write_is_our_own_fault(
    database_url: str, gateway: Running, engine: AsyncEngine, fault: str
) -> None:
    """Convoy answers 400 when its own queue write fails; senders drop the event. The same after an answer of the
    database's that speaks of wrong values: the sender has been told that its event is right.
    """
    async with engine.connect() as connection:
        await connection.execute(text(fault))
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        response = await service.post("bet", examples.bet())

    assert (503, "unavailable", True) == _problem(response)
