"""Asking back: what became of an event, told to its feed's sender and to nobody else."""

import json
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.tables import contributions
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running

OTHER_KEY = bytes(range(32, 64))
API_KEY = "a-key-of-16-or-more"
ODD_IDS = ["a/b", "/", "a//b", "a b+c", "100%", "%2F", "?x=1#y", "ü∞😀", "a\\b", "'; --", ";", "a\u2028b", "..x", "{x}"]


async def ask(service: Service, path: str, **headers: str) -> httpx.Response:
    """Ask, signed."""
    changes = {name.replace("_", "-"): value for name, value in headers.items()}
    return await service.client.get(f"/events/{path}", headers=examples.signed(b"") | changes)


def _cause(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["type"].rpartition("/")[2]


async def _contributed(service: Service, path: str) -> dict[str, Any]:
    async def settled() -> bool:
        return [each["status"] for each in (await ask(service, path)).json()["contributions"]] == ["contributed"]

    await examples.eventually(settled)
    answer: dict[str, Any] = (await ask(service, path)).json()
    return answer


async def test_the_sender_is_told_what_became_of_its_event(service: Service, gateway: Running) -> None:
    await service.post("bet", examples.bet(player_token="open-sesame"))
    answer = await _contributed(service, "bet/brand1/bet-1")
    (contribution,) = answer["contributions"]

    (call,) = gateway.simulator.account.calls
    assert call.idempotency_key == contribution.pop("id")
    assert contribution.pop("settled_at") >= answer.pop("received_at")
    assert answer == {
        "feed": "bet",
        "brand_id": "brand1",
        "event_id": "bet-1",
        "status": "accepted",
        "reason": None,
        "contributions": [
            {
                "source_id": "book-of-examples",
                "status": "contributed",
                "attempts": 1,
                "gateway_status": 200,
                "next_attempt_at": None,
            }
        ],
    }


async def test_nothing_of_the_event_and_of_the_gateways_words_is_told(service: Service, engine: AsyncEngine) -> None:
    await service.post("bet", examples.bet(player_token="open-sesame", player_id="sesame-player"))
    await _contributed(service, "bet/brand1/bet-1")
    async with engine.begin() as connection:
        await connection.execute(update(contributions).values(gateway_response='{"error": "bad token open-sesame"}'))

    assert "sesame" not in (await ask(service, "bet/brand1/bet-1")).text


async def test_an_ignored_event_is_told_with_its_reason(service: Service) -> None:
    await service.post("bet", examples.bet(event_type="WIN"))
    answer = (await ask(service, "bet/brand1/bet-1")).json()

    assert ("ignored", "event_type_not_counted", []) == (answer["status"], answer["reason"], answer["contributions"])


async def test_a_contribution_that_was_pruned_is_told_as_such(service: Service, engine: AsyncEngine) -> None:
    await service.post("bet", examples.bet())
    before = await _contributed(service, "bet/brand1/bet-1")
    async with engine.begin() as connection:
        await connection.execute(delete(contributions))
    after = (await ask(service, "bet/brand1/bet-1")).json()

    nothing = dict.fromkeys(("source_id", "attempts", "gateway_status", "next_attempt_at", "settled_at"))
    assert [{"id": before["contributions"][0]["id"], "status": "pruned"} | nothing] == after["contributions"]
    assert "accepted" == after["status"]


@pytest.mark.parametrize("event_id", ODD_IDS)
async def test_an_event_of_any_id_is_found_by_its_percent_encoded_path(service: Service, event_id: str) -> None:
    assert (await service.post("bet", examples.bet(event_id=event_id))).status_code == 202

    response = await ask(service, f"bet/brand1/{quote(event_id, safe='')}")
    assert (200, event_id) == (response.status_code, response.json()["event_id"])


@pytest.mark.parametrize("path", ["bet/brand1/a/b", "bet/brand1/a%2Fb", "%62et/brand1/a%2fb"])
async def test_a_slash_in_an_events_id_may_arrive_decoded(service: Service, path: str) -> None:
    await service.post("bet", examples.bet(event_id="a/b"))

    assert "a/b" == (await ask(service, path)).json()["event_id"]


async def test_a_slash_in_a_brands_id_is_told_from_the_one_behind_it(database_url: str, gateway: Running) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, brands=["a/b", "a"])
    async with running(settings) as service:
        await service.post("bet", examples.bet(brand_id="a/b", event_id="c"))

        assert 200 == (await ask(service, "bet/a%2Fb/c")).status_code
        assert (404, "unknown-event") == _cause(await ask(service, "bet/a/b/c"))


async def test_behind_a_prefix_the_same_is_found(service: Service) -> None:
    await service.post("bet", examples.bet(event_id="a/b"))
    transport = httpx.ASGITransport(app=service.app, root_path="/prefix", raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service/prefix") as client:
        response = await client.get("/events/bet/brand1/a%2Fb", headers=examples.signed(b""))

    assert "a/b" == response.json()["event_id"]


@pytest.mark.parametrize(
    "path",
    [
        "bet/brand1/bet-2",
        "bet/brand2/bet-1",
        "deposit/brand1/bet-1",
        "bet/brand1/",
        "bet/brand1/%FF",
        "bet/brand1/a%00",
    ],
)
async def test_what_is_not_there_is_unknown_and_so_is_what_is_another_feeds(service: Service, path: str) -> None:
    await service.post("bet", examples.bet())

    assert (404, "unknown-event") == _cause(await ask(service, path))


@pytest.mark.parametrize(
    "change",
    [
        {"webhook_signature": "v1,AAAA"},
        {"webhook_signature": ""},
        {"webhook_timestamp": "1"},
        {"webhook_id": "another"},
    ],
    ids=str,
)
@pytest.mark.parametrize("event_id", ["bet-1", "bet-2"])
async def test_whoever_is_not_authentic_learns_nothing(service: Service, change: dict[str, str], event_id: str) -> None:
    await service.post("bet", examples.bet())

    assert (401, "unauthenticated") == _cause(await ask(service, f"bet/brand1/{event_id}", **change))


async def test_the_signature_of_an_event_is_none_of_a_question(service: Service) -> None:
    body = json.dumps(examples.bet()).encode()
    await service.post_body("bet", body)
    response = await service.client.get("/events/bet/brand1/bet-1", headers=examples.signed(body))

    assert (401, "unauthenticated") == _cause(response)


async def test_an_untimed_signature_of_a_question_is_good_for_every_question_and_for_no_event(
    database_url: str, gateway: Running
) -> None:
    feeds = {"bet": {"signature": {"secrets": [API_KEY]}}, "deposit": {"enabled": False}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    scheme = settings.feed_values()[0].scheme
    body = json.dumps(examples.bet()).encode()
    question, event = (scheme.credentials(each, message_id="", timestamp=0) for each in (b"", body))
    async with running(settings) as service:

        async def post(content: bytes, headers: dict[str, str]) -> int:
            kind = {"content-type": "application/json"}
            return (await service.client.post("/events/bet", content=content, headers=kind | headers)).status_code

        assert [202, 401, 400] == [await post(body, event), await post(body, question), await post(b"", question)]
        assert [200, 404] == [
            (await service.client.get(f"/events/bet/brand1/{event_id}", headers=question)).status_code
            for event_id in ("bet-1", "bet-2")
        ]


async def test_each_feed_has_its_own_credentials_for_questions_too(database_url: str, gateway: Running) -> None:
    feeds = {"bet": {"webhook_secrets": [examples.SECRET]}, "deposit": {"api_keys": [API_KEY]}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=feeds)
    key = {"authorization": f"Bearer {API_KEY}"}
    async with running(settings) as service:
        await service.post("bet", examples.bet())
        await service.client.post("/events/deposit", json=examples.deposit(), headers=key)

        asked = {
            (feed, name): (await service.client.get(f"/events/{feed}/brand1/{feed}-1", headers=headers)).status_code
            for feed in ("bet", "deposit")
            for name, headers in (("signature", examples.signed(b"")), ("key", key))
        }

    assert asked == {
        ("bet", "signature"): 200,
        ("bet", "key"): 401,
        ("deposit", "signature"): 401,
        ("deposit", "key"): 200,
    }


async def test_a_process_that_only_dispatches_is_not_asked(database_url: str, gateway: Running) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url)
    async with running(settings, receive=False) as service:
        assert (404, "not-found") == _cause(await ask(service, "bet/brand1/bet-1"))


async def test_a_database_that_is_down_is_our_own_fault(gateway: Running) -> None:
    settings = examples.settings(database_url="postgresql://nobody@127.0.0.1:9/nowhere", gateway_url=gateway.url)
    async with running(settings) as service:
        answer = await ask(service, "bet/brand1/bet-1")

    assert (503, "unavailable", "no-store") == (*_cause(answer), answer.headers["cache-control"])


async def test_questions_are_counted_by_their_answer_and_not_as_refused_events(service: Service) -> None:
    await service.post("bet", examples.bet())
    for path in ("bet/brand1/bet-1", "bet/brand1/bet-1", "bet/brand1/bet-2"):
        await ask(service, path)
    await ask(service, "bet/brand1/bet-1", webhook_signature="v1,AAAA")

    counted = {
        answer: await service.metric("events_asked_total", feed="bet", answer=answer)
        for answer in ("found", "unknown-event", "unauthenticated")
    }
    assert counted == {"found": 2, "unknown-event": 1, "unauthenticated": 1}
    assert await service.metric("events_refused_total", feed="bet") == 0


async def test_no_answer_is_kept_by_anybody_in_between(service: Service) -> None:
    await service.post("bet", examples.bet())
    answers = [
        await ask(service, "bet/brand1/bet-1"),
        await ask(service, "bet/brand1/bet-2"),
        await ask(service, "bet/brand1/bet-1", webhook_signature="v1,AAAA"),
    ]

    assert [(200, "no-store"), (404, "no-store"), (401, "no-store")] == [
        (answer.status_code, answer.headers.get("cache-control")) for answer in answers
    ]
