"""The log of refused requests, as ops read it when somebody says that the service refuses their events."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running

Lines = list[Any]


@asynccontextmanager
async def _logged(
    database_url: str, gateway: Running, *, feeds: Any = None, **logging: Any
) -> AsyncIterator[tuple[Service, Lines]]:
    changed = {"feeds": feeds} if feeds else {}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, logging=logging, **changed)
    with structlog.testing.capture_logs() as lines:
        async with running(settings) as service:
            yield service, lines


def _refused(lines: Lines) -> Lines:
    return [line for line in lines if line["event"] == "api.event_refused"]


async def test_a_refused_event_is_a_line_with_what_is_wrong_and_nothing_of_the_event(
    database_url: str, gateway: Running
) -> None:
    async with _logged(database_url, gateway) as (service, lines):
        await service.post("bet", examples.bet(amount="-1", player_id="sesame"))

    (line,) = _refused(lines)
    assert ("bet", "invalid-event", 422) == (line["feed"], line["cause"], line["status"])
    assert ["/amount"] == [error["pointer"] for error in line["errors"]]
    assert ("127.0.0.1", "POST", "/events/bet") == (line["peer"], line["method"], line["path"])
    assert 200 < line["bytes"] < 400
    assert "sesame" not in str(lines)


async def test_with_bodies_switched_on_the_body_is_there_and_its_token_is_not(
    database_url: str, gateway: Running
) -> None:
    async with _logged(database_url, gateway, refused_bodies=True) as (service, lines):
        await service.post("bet", examples.bet(amount="-1", player_id="player-42", player_token="open-sesame"))

    (line,) = _refused(lines)
    assert '"player_id": "player-42"' in line["body"]
    assert "sesame" not in str(lines)


async def test_a_token_is_masked_by_the_feeds_mapping(database_url: str, gateway: Running) -> None:
    feeds = {
        "bet": {
            "webhook_secrets": [examples.SECRET],
            "fields": {"player_token": "player.session", "provider_id": "provider_id"},
        },
        "deposit": {"enabled": False},
    }
    bet = examples.bet(amount="-1", player={"session": "open-sesame"})
    async with _logged(database_url, gateway, feeds=feeds, refused_bodies=True) as (service, lines):
        await service.post("bet", bet)
        await service.post_body("bet/batch", json.dumps([bet]).encode())

    assert ["/events/bet", "/events/bet/batch#/0"] == [line["path"] for line in _refused(lines)]
    assert all('"player": {"session": "***"}' in line["body"] for line in _refused(lines))
    assert "sesame" not in str(lines)


async def test_an_event_at_a_path_that_is_no_feeds_is_logged_and_counted_and_other_paths_are_not(
    database_url: str, gateway: Running
) -> None:
    async with _logged(database_url, gateway) as (service, lines):
        await service.post("bets", examples.bet())
        await service.client.put("/events/bet", json=examples.bet())
        await service.client.get("/wp-admin")
        counted = [
            await service.metric("events_refused_total", feed="(none)", cause=cause)
            for cause in ("not-found", "method-not-allowed")
        ]

    assert [("(none)", "/events/bets", 404), ("(none)", "/events/bet", 405)] == [
        (line["feed"], line["path"], line["status"]) for line in _refused(lines)
    ]
    assert counted == [1, 1]


@pytest.mark.parametrize("size", [1, 1000])
async def test_a_body_that_is_too_large_is_logged_with_the_length_it_was_said_to_have(
    database_url: str, gateway: Running, size: int
) -> None:
    async with _logged(database_url, gateway) as (service, lines):
        await service.post_body("bet", b"x" * (64 * 1024 + size))

    assert [64 * 1024 + size] == [line["bytes"] for line in _refused(lines)]


async def test_what_was_left_out_when_the_service_ends_is_told(database_url: str, gateway: Running) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    with structlog.testing.capture_logs() as lines:
        async with running(settings, clock=lambda: 0) as service:
            for _ in range(30):
                await service.client.post("/events/bet", content=b"{}")

    left_out = sum(line["count"] for line in lines if line["event"] == "api.refusals_left_out")
    assert (20, 10) == (len(_refused(lines)), left_out)
