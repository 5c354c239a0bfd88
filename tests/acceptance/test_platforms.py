"""Operators' platforms as they are: each connected by configuration alone, and contributing the exact amount once."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from tests import examples, samples
from tests.acceptance.service import Service, running
from tests.examples import Running

HEADERS = {"content-type": "application/json", "authorization": f"Bearer {samples.API_KEY}"}
OFF = {"bet": {"enabled": False}, "deposit": {"enabled": False}}

OWED = {
    "1-casino-activity": ("casino", "brand1", "act-5501", "sunken-sample", "10.0"),
    "2-realtime-casino": ("realtime", "brand1", "uq-810", "sunken-sample", "0.3"),
    "2-realtime-payment": ("payments", "brand1", "pay-31", "DEPOSIT", "49.99"),
    "3-poker-transaction": ("poker", "brand2", "90071992547409931", "poker", "10.50"),
    "4-seamless-wallet": ("wallet", "brand1", "3f1c6a52-0000-4000-8000-000000000002", "sample-crash", "1.33000"),
    "5-reverse-call": ("reverse", "brand1", "tx-41", "sample-plinko", "100.10"),
    "6-action-wallet": ("brothers", "brand1", "70012", "sportsbook", "0.05"),
    "7-withdraw": ("withdraw", "brand1", "ptx-6", "sample-dice", "1.999"),
    "8-settlement": ("settlement", "brand1", "st-1", "sample-mines", "0.00001"),
    "10-deposit-callback": ("cashier", "brand1", "5512", "DEPOSIT", "20.5"),
    "11-wallet-debit": ("wallet", "brand1", "w-1", "sample-slot", "0.2"),
}
PROFILES = {
    "activity-list": ("act-1", "sample-slot", "2.5"),
    "flat-cents": ("812001", "sample-slot", "2.50"),
    "nested-decimal": ("b-1", "sample-slot", "2.50"),
    "payment-notification": ("pay-1", "DEPOSIT", "100"),
    "wallet-transaction": ("w-1", "sample-slot", "2.5"),
}
NOT_COUNTED: list[tuple[str, dict[str, Any], str]] = [
    ("1-casino-activity", {"type": "Win"}, "event_type_not_counted"),
    ("1-casino-activity", {"status": "Rollback"}, "status_not_counted"),
    ("1-casino-activity", {"bonus_wager_amount": 12.5}, "bonus_stake"),
    ("1-casino-activity", {"amount": 0.1 + 0.2, "bonus_wager_amount": 0.3}, "bonus_stake"),
    ("1-casino-activity", {"amount": 0.3, "bonus_wager_amount": 0.1 + 0.2}, "bonus_stake"),
    ("1-casino-activity", {"vendor_name": "ThrillTech"}, "contribution_event"),
    ("3-poker-transaction", {"amount": 1050}, "credit"),
    ("3-poker-transaction", {"transactionSubType": "jackpotContribution"}, "contribution_event"),
    ("3-poker-transaction", {"transactionSubType": "buyInCancel"}, "rollback"),
    ("3-poker-transaction", {"moneyType": "play"}, "status_not_counted"),
    ("4-seamless-wallet", {"game_code": "thrillpots-contribution"}, "contribution_event"),
    ("5-reverse-call", {"type": "free"}, "free_stake"),
    ("6-action-wallet", {"action": "jackpot"}, "contribution_event"),
    ("7-withdraw", {"is_free_bet": True}, "free_stake"),
    ("10-deposit-callback", {"provider_id": "ThrillTech"}, "contribution_event"),
    ("11-wallet-debit", {"provider_id": "thrilltech"}, "contribution_event"),
    ("11-wallet-debit", {"transaction_type": "Credit"}, "event_type_not_counted"),
]
DEBITS: dict[str, dict[str, Any]] = {
    "activity-list": {"vendor_name": "ThrillTech"},
    "flat-cents": {"provider": "thrilltech"},
    "nested-decimal": {"event": "bet.placed", "data": {"game": {"id": "jackpot", "provider": "thrilltech"}}},
    "wallet-transaction": {"provider_id": "thrilltech"},
}


@asynccontextmanager
async def connected(database_url: str, gateway: Running, sections: dict[str, Any]) -> AsyncIterator[Service]:
    """A service with these sections, and without the feeds of our own names."""
    sections = sections | {"feeds": OFF | sections["feeds"]}
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url, **sections)) as service:
        yield service


async def post(service: Service, feed: str, body: bytes) -> httpx.Response:
    return await service.client.post(f"/events/{feed}", content=body, headers=HEADERS)


async def contributed(gateway: Running) -> list[tuple[str, ...]]:
    """What the one call was for, and its amount, digit for digit."""

    async def look() -> bool:
        return bool(gateway.simulator.account.calls)

    await examples.eventually(look)
    return [(*call.owed, call.base_wager) for call in gateway.simulator.account.calls]


@pytest.mark.parametrize("platform", samples.names("platforms"))
async def test_a_platform_is_connected_by_configuration_alone(
    database_url: str, gateway: Running, platform: str
) -> None:
    feed, *_ = OWED[platform]
    name = f"platforms/{platform}"
    async with connected(database_url, gateway, samples.configuration(name)) as service:
        answers = [await post(service, feed, samples.body(name)) for _ in range(2)]

        assert [answer.json()["status"] for answer in answers] == ["accepted", "accepted"]
        assert answers[1].headers["Idempotent-Replayed"] == "true"
        assert [OWED[platform]] == await contributed(gateway)


@pytest.mark.parametrize(("platform", "changes", "reason"), NOT_COUNTED)
async def test_what_does_not_count_on_a_platform_is_ignored_for_its_reason(
    database_url: str, gateway: Running, platform: str, changes: dict[str, Any], reason: str
) -> None:
    feed, *_ = OWED[platform]
    name = f"platforms/{platform}"
    body = json.dumps(samples.fields(name) | changes).encode()
    async with connected(database_url, gateway, samples.configuration(name)) as service:
        assert reason == (await post(service, feed, body)).json()["reason"]


@pytest.mark.parametrize("profile", samples.names("profiles"))
async def test_a_profiles_sample_contributes_its_amount(database_url: str, gateway: Running, profile: str) -> None:
    sections = {"feeds": {"casino": samples.of_profile(profile)}}
    async with connected(database_url, gateway, sections) as service:
        answer = await post(service, "casino", samples.body(f"profiles/{profile}"))

        assert answer.json()["status"] == "accepted", answer.text
        assert [("casino", "brand1", *PROFILES[profile])] == await contributed(gateway)


@pytest.mark.parametrize("profile", DEBITS)
async def test_a_profile_knows_the_debit_of_a_contribution(database_url: str, gateway: Running, profile: str) -> None:
    fields = samples.fields(f"profiles/{profile}")
    changes = DEBITS[profile]
    changes = changes | ({"data": fields["data"] | changes["data"]} if "data" in changes else {})
    async with connected(database_url, gateway, {"feeds": {"casino": samples.of_profile(profile)}}) as service:
        answer = await post(service, "casino", json.dumps(fields | changes).encode())

    assert answer.json()["reason"] == "contribution_event"


@pytest.mark.parametrize("fields", [{"provider_id": "vendr"}, {"provider_id": ["vendr", "provder"]}])
async def test_a_mistake_in_the_path_of_the_provider_takes_no_debit_for_a_bet(
    database_url: str, gateway: Running, fields: dict[str, Any]
) -> None:
    section = samples.of_profile("flat-cents")
    section["fields"] |= fields
    body = samples.fields("profiles/flat-cents") | {"provider": "thrilltech"}
    async with connected(database_url, gateway, {"feeds": {"casino": section}}) as service:
        answer = await post(service, "casino", json.dumps(body).encode())

    assert (422, ["/vendr"]) == (answer.status_code, [each["pointer"] for each in answer.json()["errors"]])


@pytest.mark.parametrize("platform", samples.names("platforms"))
async def test_the_documented_example_of_a_mapped_feed_is_accepted(
    database_url: str, gateway: Running, platform: str
) -> None:
    feed, *_ = OWED[platform]
    async with connected(database_url, gateway, samples.configuration(f"platforms/{platform}")) as service:
        document = (await service.client.get("/openapi.json")).json()
        content = document["paths"][f"/events/{feed}"]["post"]["requestBody"]["content"]["application/json"]

        validate(document)
        answer = await post(service, feed, json.dumps(content["example"]).encode())
        assert answer.json()["status"] == "accepted", answer.text


@pytest.mark.parametrize("platform", samples.names("platforms"))
async def test_the_documented_schema_of_a_mapped_feed_describes_the_operators_payload(
    database_url: str, gateway: Running, platform: str
) -> None:
    feed, *_ = OWED[platform]
    name = f"platforms/{platform}"
    async with connected(database_url, gateway, samples.configuration(name)) as service:
        document = (await service.client.get("/openapi.json")).json()
        schema = OAS31Validator(document["components"]["schemas"][f"{feed}-payload"])
        answer = await post(service, feed, b"{}")

    assert not list(schema.iter_errors(samples.fields(name)))
    assert list(schema.iter_errors({}))
    assert answer.status_code == 422


async def test_mistakes_are_located_in_the_operators_payload(database_url: str, gateway: Running) -> None:
    body = {"operator": {"brand": 1.5}, "sentAt": "soon", "settlements": [{"kind": "BET", "bet": "1,5"}]}
    sections = samples.configuration("platforms/8-settlement")
    expected = {
        "/operator/brand",
        "/sentAt",
        "/settlements/0/bet",
        "/settlements/0/currency",
        "/settlements/0/game",
        "/settlements/0/player",
        "/settlements/0/round",
        "/settlements/0/studio",
        "/settlements/0/txId",
    }
    async with connected(database_url, gateway, sections) as service:
        answer = await post(service, "settlement", json.dumps(body).encode())

    assert answer.status_code == 422
    assert expected == {error["pointer"] for error in answer.json()["errors"]}


async def test_a_foreign_brand_is_located_in_the_operators_payload(database_url: str, gateway: Running) -> None:
    body = samples.fields("platforms/8-settlement")
    expected = "the brand, at /operator/brand, is none of those configured here"
    async with connected(database_url, gateway, samples.configuration("platforms/8-settlement")) as service:
        for brand_id, detail in {
            "brand3": expected,
            "casino:brand1": f"{expected}, which are without the operator's id and the colon",
        }.items():
            content = json.dumps(body | {"operator": {"brand": brand_id}}).encode()
            assert detail == (await post(service, "settlement", content)).json()["detail"]


async def test_a_missing_field_is_named_with_every_place_where_it_may_be(database_url: str, gateway: Running) -> None:
    fields = samples.fields("profiles/flat-cents")
    del fields["round_id"], fields["transaction_id"]
    expected = [
        {"pointer": "/transaction_id", "detail": "is needed"},
        {"pointer": "/round_id", "detail": "is needed, at one of /round_id, /transaction_id"},
    ]
    async with connected(database_url, gateway, {"feeds": {"casino": samples.of_profile("flat-cents")}}) as service:
        answer = await post(service, "casino", json.dumps(fields).encode())

    assert expected == answer.json()["errors"]


async def test_a_brand_that_is_not_named_is_told_to_be_set_where_the_platform_has_none(
    database_url: str, gateway: Running
) -> None:
    fields = samples.fields("profiles/flat-cents")
    sections = {"feeds": {"casino": samples.of_profile("flat-cents") | {"fields": {"brand_id": "site"}}}}
    async with connected(database_url, gateway, sections) as service:
        answer = await post(service, "casino", json.dumps(fields).encode())

    detail = 'is needed; if the platform names none, set fields.brand_id = {constant = "…"} for the feed'
    assert [{"pointer": "/site", "detail": detail}] == answer.json()["errors"]


async def test_what_two_fields_are_read_from_is_one_mistake(database_url: str, gateway: Running) -> None:
    fields = samples.fields("platforms/3-poker-transaction")
    del fields["transactionId"]
    async with connected(database_url, gateway, samples.configuration("platforms/3-poker-transaction")) as service:
        answer = await post(service, "poker", json.dumps(fields).encode())

    assert [{"pointer": "/transactionId", "detail": "is needed"}] == answer.json()["errors"]
