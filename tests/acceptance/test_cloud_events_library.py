"""What the official CloudEvents library sends is taken: the same event in each of its modes, to the digit."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.tables import events
from tests import examples, samples
from tests.acceptance.service import Service, running
from tests.examples import Running

SOURCE = "https://casino.example.com/bets?site=1#live"
DATA = {name: value for name, value in examples.bet().items() if name not in {"event_id", "event_type", "occurred_at"}}


@pytest.fixture
async def service(database_url: str, gateway: Running) -> AsyncIterator[Service]:
    feed = {"api_keys": [samples.API_KEY], "cloud_events": True, "event_types": ["com.example.bet"]}
    settings = examples.settings(
        database_url=database_url, gateway_url=gateway.url, feeds={"bet": feed, "deposit": {"enabled": False}}
    )
    async with running(settings) as service:
        yield service


def event(id_: str) -> CloudEvent:
    attributes = {
        "specversion": "1.0",
        "id": id_,
        "source": SOURCE,
        "type": "com.example.bet",
        "time": datetime(2026, 11, 22, 12, 0, 0, 123456, tzinfo=UTC),
        "datacontenttype": "application/json",
    }
    return CloudEvent(attributes, DATA)


async def post(service: Service, message: HTTPMessage) -> tuple[int, dict[str, str], str | None]:
    headers = {**message.headers, "authorization": f"Bearer {samples.API_KEY}"}
    answer = await service.client.post("/events/bet", content=message.body, headers=headers)
    return answer.status_code, answer.json(), answer.headers.get("Idempotent-Replayed")


@pytest.mark.parametrize("id_", ["A234-1234", "A 1", "100%", 'é"😀'])
async def test_what_the_library_sends_is_one_event_in_both_modes(
    service: Service, engine: AsyncEngine, id_: str
) -> None:
    told = {"event_id": f"{SOURCE} {id_}", "status": "accepted", "contributions": 1}

    assert (202, told, None) == await post(service, to_structured_event(event(id_)))
    assert (202, told, "true") == await post(service, to_binary_event(event(id_)))

    async with engine.connect() as connection:
        assert [(f"{SOURCE} {id_}",)] == (await connection.execute(select(events.c.event_id))).all()
