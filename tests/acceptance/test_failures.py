"""What goes wrong on our side, or half-way: never a 4xx for our own fault, and nothing left behind."""

import json

import pytest
import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import Message

from app.ledger.inbox import Inbox
from app.ledger.recording import Entry
from app.ledger.tables import events
from app.observability.logs import configure_logs
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running


async def test_a_fault_of_ours_tells_the_sender_to_come_back_and_nothing_else(
    database_url: str, gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault cannot be had on demand where there is none, so one is planted."""

    async def broken(_self: Inbox, _entry: Entry) -> None:
        raise RuntimeError("sesame")

    monkeypatch.setattr(Inbox, "record", broken)
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        response = await service.post("bet", examples.bet(), x_request_id="trace-1")
        counted = await service.metric("events_refused_total", feed="bet", cause="internal-error")

    assert (500, "application/problem+json", 1) == (response.status_code, response.headers["content-type"], counted)
    assert "sesame" not in response.text
    assert response.headers["x-request-id"] == "trace-1"


async def test_a_fault_that_is_logged_on_a_terminal_shows_no_bodies_and_no_keys(
    database_url: str, gateway: Running, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def broken(_self: Inbox, _entry: Entry) -> None:
        raise RuntimeError("planted")

    monkeypatch.setattr(Inbox, "record", broken)
    configure_logs(level="debug", form="console")
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        await service.post("bet", examples.bet(player_token="sesame"))
    structlog.reset_defaults()
    output = capsys.readouterr().err

    assert "planted" in output
    assert "sesame" not in output
    assert repr(examples.KEY)[2:20] not in output


async def test_a_sender_that_hangs_up_half_way_leaves_nothing_behind(service: Service, engine: AsyncEngine) -> None:
    body = json.dumps(examples.bet()).encode()
    messages: list[Message] = [
        {"type": "http.request", "body": body[:20], "more_body": True},
        {"type": "http.disconnect"},
    ]
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/events/bet",
        "raw_path": b"/events/bet",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in examples.signed(body).items()],
    }

    async def receive() -> Message:
        return messages.pop(0)

    async def send(_message: Message) -> None:
        """Nobody listens."""

    await service.app(scope, receive, send)

    async with engine.connect() as connection:
        assert (await connection.execute(select(events.c.event_id))).all() == []
    assert await service.metric("events_refused_total", feed="bet", cause="disconnected") == 1


async def test_what_the_framework_refuses_is_a_problem_too(service: Service) -> None:
    response = await service.client.get("/docs/assets/no-such-file")

    assert (404, "application/problem+json") == (response.status_code, response.headers["content-type"])
