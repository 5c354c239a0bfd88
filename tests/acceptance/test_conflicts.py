"""A conflict is told by where it differs from the event that was recorded first, and never by what was sent."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.api import conflicts
from app.domain.event import EventKey
from app.ledger.payloads import payloads
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running

STANDS = "the event that was recorded first stands"
DIFFERS = f"{STANDS}; see errors for what differs"


@pytest.fixture
async def service(database_url: str, gateway: Running) -> AsyncIterator[Service]:
    feeds = {
        "bet": {"webhook_secrets": [examples.SECRET], "cloud_events": True},
        "deposit": {"enabled": False},
        "nested": {
            "kind": "bet",
            "webhook_secrets": [examples.SECRET],
            "fields": {"event_id": "operator.id", "provider_id": "provider_id"},
            "batch": {"items": "bets", "shared": ["operator"]},
        },
    }
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)) as service:
        yield service


async def refused(service: Service, fields: Any, feed: str = "bet", **headers: str) -> tuple[str, dict[str, str]]:
    """The detail, and the errors by their pointers."""
    problem = (await service.post(feed, fields, **headers)).json()
    assert problem["status"] == 409
    return problem["detail"], {error["pointer"]: error["detail"] for error in problem.get("errors", [])}


async def test_a_conflict_is_told_and_logged_with_the_places_that_differ_and_no_value(service: Service) -> None:
    await service.post("bet", examples.bet(player_token="open-sesame", metadata={"shop": "a-first-shop"}))
    with structlog.testing.capture_logs() as lines:
        detail, errors = await refused(
            service, examples.bet(amount="9.99", metadata={"shop": "a-second-shop"}, note="a-new-note")
        )

    expected = {
        "/amount": "was different",
        "/metadata/shop": "was different",
        "/note": "was not there",
        "/player_token": "was there",
    }
    (line,) = [line for line in lines if line["event"] == "api.event_conflicted"]
    assert (DIFFERS, expected) == (detail, errors)
    assert expected == {error["pointer"]: error["detail"] for error in line["errors"]}
    assert not any(word in str((detail, errors, lines)) for word in ("9.99", "sesame", "a-new-note", "-shop"))


async def test_the_first_ten_places_are_listed(service: Service) -> None:
    await service.post("bet", examples.bet(metadata={str(number): 0 for number in range(11)}))
    detail, errors = await refused(service, examples.bet(metadata={str(number): 1 for number in range(11)}))

    assert (f"{DIFFERS}, the first of them", 10) == (detail, len(errors))


async def test_a_place_below_a_name_of_any_length_is_told_by_what_it_is_in(service: Service) -> None:
    await service.post("bet", examples.bet(metadata={"x" * 300: 0}))

    assert {"/metadata": "was different"} == (await refused(service, examples.bet(metadata={"x" * 300: 1})))[1]


async def test_in_a_batch_the_places_are_in_the_whole_body(service: Service) -> None:
    batch = [examples.bet(), examples.bet(event_id="other"), examples.bet(amount="9.99")]
    results = (await service.post_body("bet/batch", json.dumps(batch).encode())).json()["results"]

    assert ["accepted", "accepted", "refused"] == [result["status"] for result in results]
    assert [{"pointer": "/2/amount", "detail": "was different"}] == results[2]["problem"]["errors"]


async def test_what_events_of_a_batch_share_is_told_where_it_is(service: Service) -> None:
    own = {name: value for name, value in examples.bet(provider_id="studio").items() if name != "event_id"}
    for operator, status in (({"id": "1"}, "accepted"), ({"id": "1", "site": "2"}, "refused")):
        body = json.dumps({"operator": operator, "bets": [own]}).encode()
        (result,) = (await service.post_body("nested/batch", body)).json()["results"]
        assert status == result["status"], result

    assert [{"pointer": "/operator/site", "detail": "was not there"}] == result["problem"]["errors"]


async def test_in_a_cloud_event_the_places_are_in_its_envelope(service: Service) -> None:
    envelope = {"specversion": "1.0", "id": "1", "source": "/casino", "type": "BET", "time": "2026-11-22T12:00:00Z"}
    data = {name: value for name, value in examples.bet().items() if name not in {"event_id", "occurred_at"}}
    structured = "application/cloudevents+json"
    await service.post("bet", envelope | {"data": data}, content_type=structured)
    later = envelope | {"time": "2026-11-22T13:00:00Z", "data": data | {"amount": "9.99"}}

    assert {"/time", "/data/amount"} == (await refused(service, later, content_type=structured))[1].keys()


async def test_of_many_conflicts_at_once_the_first_are_compared(service: Service) -> None:
    count = conflicts.COMPARED + 1
    batch = [examples.bet(event_id=str(number), amount=amount) for amount in ("1", "2") for number in range(count)]
    results = (await service.post_body("bet/batch", json.dumps(batch).encode())).json()["results"]

    told = ["errors" in result["problem"] for result in results[count:]]
    assert [True] * conflicts.COMPARED + [False] == told


async def test_where_the_first_can_not_be_read_it_is_a_conflict_all_the_same(
    service: Service, engine: AsyncEngine
) -> None:
    await service.post("bet", examples.bet())
    async with engine.begin() as connection:
        await connection.execute(text("update events set payload = 'gone'"))

    assert (STANDS, {}) == await refused(service, examples.bet(amount="9.99"))


async def test_a_large_event_is_told_without_places(service: Service) -> None:
    """To compare it takes milliseconds, in which nobody else is served."""
    around = conflicts.LARGE - len(json.dumps(examples.bet(note="", event_id="1")))
    for event_id, first, second in (("1", around, 0), ("2", 0, around), ("3", around + 1, 0), ("4", 0, around + 1)):
        await service.post("bet", examples.bet(event_id=event_id, note="x" * first))
        expected = {"/note": "was different"} if around in (first, second) else {}
        changed = examples.bet(event_id=event_id, note="x" * second)

        assert expected == (await refused(service, changed))[1], event_id


async def test_what_is_compared_is_parsed_and_nothing_more(service: Service, engine: AsyncEngine) -> None:
    """A canonical form, which takes ten times as long, goes no deeper than an event may."""
    await service.post("bet", examples.bet())
    deep = json.dumps(examples.bet()).removesuffix("}") + ', "note": ' + '{"a": ' * 65 + "0" + "}" * 66
    async with engine.begin() as connection:
        await connection.execute(text("update events set payload = :deep"), {"deep": deep})

    assert {"/amount": "was different", "/note": "was there"} == (await refused(service, examples.bet(amount="9.99")))[
        1
    ]


async def test_while_a_conflict_is_compared_others_are_told_without_places(
    database_url: str, gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many come at once, one connection is taken for it."""
    looking, answered, looks = asyncio.Event(), asyncio.Event(), 0

    async def held(engine: AsyncEngine, keys: Sequence[EventKey]) -> dict[EventKey, str]:
        nonlocal looks
        looks += 1
        looking.set()
        await answered.wait()
        return await payloads(engine, keys)

    monkeypatch.setattr("app.main.payloads", held)
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    async with running(settings) as service:
        await service.post("bet", examples.bet())
        first = asyncio.create_task(refused(service, examples.bet(amount="9.99")))
        await looking.wait()
        batch = json.dumps([examples.bet(amount=str(amount)) for amount in range(5, 8)]).encode()
        with anyio.fail_after(examples.DEADLINE):
            others = await asyncio.gather(*(refused(service, examples.bet(amount="8")) for _ in range(5)))
            results = (await service.post_body("bet/batch", batch)).json()["results"]
        answered.set()
        compared = [await first, await refused(service, examples.bet(amount="9.98"))]

    assert [(STANDS, {})] * 5 == others
    assert not any("errors" in result["problem"] for result in results)
    assert [(DIFFERS, {"/amount": "was different"})] * 2 == compared
    assert 2 == looks


async def test_what_a_batch_recorded_is_counted_and_logged_though_its_conflicts_can_not_be_told(
    database_url: str, gateway: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(engine: AsyncEngine, keys: Sequence[EventKey]) -> dict[EventKey, str]:
        raise RuntimeError(engine, keys)

    monkeypatch.setattr("app.main.payloads", broken)
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        batch = json.dumps([examples.bet(), examples.bet(amount="9.99"), examples.bet(event_id="bet-2")]).encode()
        with structlog.testing.capture_logs() as lines:
            answer = await service.post_body("bet/batch", batch)
        counted = await service.metric("events_accepted_total", feed="bet")

    assert (500, 2) == (answer.status_code, counted)
    assert ["bet-1", "bet-2"] == [line["event_id"] for line in lines if line["event"] == "api.event_recorded"]


def test_the_page_says_where_places_are_left_out() -> None:
    page = (Path(__file__).parents[2] / "docs" / "problems" / "conflict.md").read_text()
    bounds = (f"over {conflicts.LARGE:,} characters", f"over\n{conflicts.LONGEST} characters")

    assert all(
        bound in page for bound in (*bounds, f"from the {conflicts.COMPARED + 1}st conflict on", "another conflict")
    )
