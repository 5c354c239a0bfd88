"""Platforms that send many events at once, each with its own way to authenticate, connected by configuration alone."""

import hashlib
import hmac
import json
import time
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate

from tests import examples, samples
from tests.acceptance.serving import served
from tests.acceptance.test_platforms import OFF
from tests.examples import Running

SECRET = "a-secret-of-the-platform"
CASINO = samples.fields("platforms/2-realtime-casino")
PAYMENT = samples.fields("platforms/2-realtime-payment")
BULK = {"api_key_header": "X-Api-Key"}
FEEDS_2 = {
    "realtime": samples.configuration("platforms/2-realtime-casino")["feeds"]["realtime"]
    | BULK
    | {"batch": {"told_by": "event", "taken": ["realtime-casino"]}},
    "payments": samples.configuration("platforms/2-realtime-payment")["feeds"]["payments"]
    | BULK
    | {"batch": {"told_by": "event", "taken": ["realtime-payment"], "others": "refused"}},
}
FEED_8 = {
    "kind": "bet",
    "signature": {"secrets": [SECRET], "content": "{body}|{timestamp}", "timestamp_header": "X-Timestamp"},
    "event_types": ["BET"],
    "amount_scale": 5,
    "time_format": "none",
    "fields": {
        "event_id": "txId",
        "event_type": "kind",
        "brand_id": "operator.brand",
        "player_id": "player",
        "game_code": "game",
        "provider_id": "studio",
        "round_id": "round",
        "amount": "bet",
    },
    "batch": {"items": "settlements", "shared": ["operator"]},
}


def casino(unique_id: str, **changes: Any) -> dict[str, Any]:
    return CASINO | {"data": CASINO["data"] | {"unique_id": unique_id} | changes}


def settlement(number: int, bet: Any, **changes: Any) -> dict[str, Any]:
    return {
        "txId": f"st-{number}",
        "kind": "BET",
        "player": "u-19",
        "game": "sample-mines",
        "studio": "studio-eight",
        "round": f"r-{number}",
        "bet": bet,
        "currency": "USDT",
    } | changes


def signed(body: bytes) -> dict[str, str]:
    """As platform 8 signs."""
    now = str(int(time.time()))
    signature = hmac.new(SECRET.encode(), body + b"|" + now.encode(), hashlib.sha256).hexdigest()
    return {"content-type": "application/json", "x-timestamp": now, "x-signature": signature}


async def contributed(gateway: Running, count: int) -> set[tuple[str, ...]]:
    async def made() -> bool:
        return len(gateway.simulator.account.calls) >= count

    await examples.eventually(made)
    return {(*call.owed, call.base_wager) for call in gateway.simulator.account.calls}


async def test_platform_2_posts_bets_and_payments_in_one_array_of_which_the_invalid_are_dropped(
    database_url: str, gateway: Running
) -> None:
    array = [casino("uq-1"), PAYMENT, casino("uq-2", amount="0,3"), casino("uq-3", amount=12.10), {"event": "other"}]
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=OFF | FEEDS_2)
    async with served(settings) as address, httpx.AsyncClient(base_url=address.url) as client:
        headers = {"x-api-key": samples.API_KEY}
        bets = await client.post("/events/realtime/batch", json=array, headers=headers)
        payments = await client.post("/events/payments/batch", json=array, headers=headers)
        stranger = await client.post("/events/realtime/batch", json=array, headers={"x-api-key": "another-key-of-it"})

        assert ["accepted", "skipped", "refused", "accepted", "skipped"] == statuses(bets)
        assert ["/2/data/amount"] == [error["pointer"] for error in bets.json()["results"][2]["problem"]["errors"]]
        assert ["refused", "accepted", "refused", "refused", "refused"] == statuses(payments)
        assert [{"pointer": "/0/event", "detail": "must be one of realtime-payment"}] == (
            payments.json()["results"][0]["problem"]["errors"]
        )
        assert stranger.status_code == 401
        assert {
            ("realtime", "brand1", "uq-1", "sunken-sample", "0.3"),
            ("realtime", "brand1", "uq-3", "sunken-sample", "12.1"),
            ("payments", "brand1", "pay-31", "DEPOSIT", "49.99"),
        } == await contributed(gateway, 3)


async def test_platform_8_posts_a_list_of_settlements_that_share_their_brand(
    database_url: str, gateway: Running
) -> None:
    """Sent again later, with another time of sending, they are the same settlements."""
    body = {"operator": {"brand": "brand1"}, "sentAt": 1795348800000}
    settlements = [settlement(1, 1), settlement(2, 1234567), settlement(3, -1), settlement(4, 0, kind="WIN")]
    first = json.dumps(body | {"settlements": settlements}).encode()
    again = json.dumps({"settlements": settlements} | body | {"sentAt": 1795348801000}).encode()
    nowhere = json.dumps({"operator": {"brand": "brand3"}, "settlements": settlements[:1]}).encode()
    nameless = json.dumps({"operator": {}, "settlements": [{"bet": 1}]}).encode()
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=OFF | {"settlement": FEED_8})
    path = "/events/settlement/batch"
    async with served(settings) as address, httpx.AsyncClient(base_url=address.url) as client:
        answers = [await client.post(path, content=body, headers=signed(body)) for body in (first, again, nowhere)]
        forged = await client.post(path, content=again, headers=signed(first))
        mistaken = await client.post(path, content=nameless, headers=signed(nameless))

        assert ["accepted", "accepted", "refused", "ignored"] == statuses(answers[0]) == statuses(answers[1])
        assert 3 == sum("replayed" in result for result in answers[1].json()["results"])
        assert "/problems/unknown-brand" == answers[2].json()["results"][0]["problem"]["type"]
        assert forged.status_code == 401
        assert {"/operator/brand", "/settlements/0/txId"} <= {
            error["pointer"] for error in mistaken.json()["results"][0]["problem"]["errors"]
        }
        assert {
            ("settlement", "brand1", "st-1", "sample-mines", "0.00001"),
            ("settlement", "brand1", "st-2", "sample-mines", "12.34567"),
        } == await contributed(gateway, 2)


def statuses(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [result["status"] for result in answer.json()["results"]]


@pytest.mark.parametrize(
    ("feeds", "feed", "headers"),
    [
        (FEEDS_2, "realtime", lambda _: {"x-api-key": samples.API_KEY}),
        (FEEDS_2, "payments", lambda _: {"x-api-key": samples.API_KEY}),
        ({"settlement": FEED_8}, "settlement", signed),
    ],
)
async def test_the_documented_batch_of_a_platform_is_taken(
    database_url: str, gateway: Running, feeds: dict[str, Any], feed: str, headers: Any
) -> None:
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=OFF | feeds)
    async with served(settings) as address, httpx.AsyncClient(base_url=address.url) as client:
        document = (await client.get("/openapi.json")).json()
        operation = document["paths"][f"/events/{feed}/batch"]["post"]
        body = json.dumps(operation["requestBody"]["content"]["application/json"]["example"]).encode()
        answer = await client.post(
            f"/events/{feed}/batch", content=body, headers={"content-type": "application/json"} | headers(body)
        )

    validate(document)
    assert ["accepted"] == statuses(answer)
