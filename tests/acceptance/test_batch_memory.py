"""What a process holds of batches: little more than their bodies, and what is parsed of one or two at a time."""

import asyncio
import gc
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from tests import examples
from tests.acceptance.service import Service
from tests.acceptance.test_batches import batching
from tests.examples import Running

NUMBERS = 4099  # of each event's: nothing else here has so many
WAITING = """
    select count(*) from pg_locks join pg_database on pg_database.oid = database
    where datname = current_database() and not granted
"""


@pytest.fixture
def _by_counting_alone() -> Iterator[None]:
    """The collector of cycles is not waited for: a busy service runs it seldom."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def _bet(event_id: str, **changes: Any) -> dict[str, Any]:
    return examples.bet(event_id=event_id, metadata={"numbers": [1] * NUMBERS}, **changes)


def _parsed() -> int:
    return sum(type(each) is list and len(each) == NUMBERS for each in gc.get_objects())


@pytest.mark.usefixtures("_by_counting_alone")
async def test_what_was_parsed_is_gone_while_a_batch_waits_to_be_recorded(
    database_url: str, gateway: Running, engine: AsyncEngine
) -> None:
    """Also what events share, and what is refused."""
    bets = [_bet("1"), _bet("2", amount={}), _bet("3", brand_id="another"), _bet("4", note=float("nan"))]
    twice = f'{{"metadata": {json.dumps([1] * NUMBERS)}, "note": 1, "note": 2}}'
    numbers = json.dumps([1] * NUMBERS)
    body = f'{{"shared": {numbers}, "bets": {json.dumps(bets)[:-1]}, {twice}]}}'.encode()
    del bets

    async def waits() -> bool:
        async with engine.connect() as connection:
            return bool((await connection.execute(text(WAITING))).scalar())

    batch = {"items": "bets", "shared": ["shared"]}
    async with batching(database_url, gateway, batch=batch) as service, engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        async with connection.begin():
            await connection.execute(text("lock table events in share mode"))
            posting = asyncio.create_task(service.post_body("bet/batch", body))
            await examples.eventually(waits)
            kept = _parsed()
        answer = (await posting).json()

    assert (1, 4, 0) == (answer["accepted"], answer["refused"], kept)


async def test_of_large_batches_that_come_at_once_one_is_parsed_at_a_time(service: Service) -> None:
    async def peak(*senders: str) -> int:
        """Bytes, beside what was there."""
        bodies = [json.dumps([_bet(f"{sender}-{n}") for n in range(20)]).encode() for sender in senders]
        gc.collect()
        tracemalloc.start()
        try:
            answers = await asyncio.gather(*(service.post_body("bet/batch", body) for body in bodies))
            found = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert [20] * len(senders) == [answer.json()["accepted"] for answer in answers]
        return found

    await service.post("bet", examples.bet())
    alone = await peak("a")

    assert await peak("b", "c", "d", "e") < 2 * alone
