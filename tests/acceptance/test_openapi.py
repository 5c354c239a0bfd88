"""The documentation: valid, true, and readable without internet access."""

import base64
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from openapi_spec_validator import validate

from app.api.payload import EXAMPLES
from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running

API_KEY = "a-key-of-16-or-more"


async def _document(service: Service) -> dict[str, Any]:
    document: dict[str, Any] = (await service.client.get("/openapi.json")).json()
    return document


async def test_the_document_is_valid(service: Service) -> None:
    validate(await _document(service))


@pytest.mark.parametrize("feed", ["bet", "deposit"])
async def test_the_documented_example_is_accepted(service: Service, feed: str) -> None:
    operation = (await _document(service))["paths"][f"/events/{feed}"]["post"]
    example = operation["requestBody"]["content"]["application/json"]["example"]

    assert EXAMPLES[feed] == example
    assert (await service.post(feed, example)).json()["status"] == "accepted"


@pytest.mark.parametrize("feed", ["bet", "deposit"])
async def test_every_answer_and_the_authentication_are_documented(service: Service, feed: str) -> None:
    operation = (await _document(service))["paths"][f"/events/{feed}"]["post"]

    assert {"202", "400", "401", "403", "409", "413", "415", "422", "500", "503"} == operation["responses"].keys()
    assert "Idempotent-Replayed" in operation["responses"]["202"]["headers"]
    assert operation["security"] == [{"webhookId": [], "webhookTimestamp": [], f"{feed}.signature": []}]


async def _of(feeds: dict[str, Any], *, database_url: str, gateway: Running) -> dict[str, Any]:
    """The document of a service with these feeds."""
    both = {"bet": {"webhook_secrets": [examples.SECRET]}, "deposit": {"enabled": False}}
    settings = examples.settings(database_url=database_url, gateway_url=gateway.url, feeds=both | feeds)
    async with running(settings) as service:
        document = await _document(service)
    validate(document)
    return document


async def test_operations_are_told_apart_whatever_feeds_are_called(database_url: str, gateway: Running) -> None:
    names = ("bet-batch", "batch-bet", "batch", "ask-bet", "receive-bet", "bet-receive")
    feeds = {name: {"kind": "bet", "api_keys": [API_KEY]} for name in names}
    document = await _of(feeds, database_url=database_url, gateway=gateway)
    ids = [operation["operationId"] for path in document["paths"].values() for operation in path.values()]

    assert {"receive_bet_batch", "batch_bet", "receive_batch_bet", "ask_bet"} < set(ids)
    assert len(set(ids)) == len(ids) > 3 * (len(names) + 1)


async def test_how_feeds_authenticate_is_told_apart_whatever_they_are_called(
    database_url: str, gateway: Running
) -> None:
    signature = {"secrets": [API_KEY], "content": "{id}.{timestamp}.{body}", "header": "X-Sign"} | {
        "timestamp_header": "X-Time",
        "id_header": "X-Id",
    }
    feeds = {name: {"kind": "bet", "signature": signature} for name in ("webhook", "basic", "api")} | {
        name: {"kind": "bet", "api_keys": [API_KEY], "api_key_header": "X-Key"} for name in ("webhook-id", "x")
    }
    document = await _of(feeds, database_url=database_url, gateway=gateway)
    schemes = document["components"]["securitySchemes"]
    headers = {
        name: sorted(
            schemes[needed]["name"]
            for needed in document["paths"][f"/events/{name}"]["post"]["security"][0]  # all of it at once
        )
        for name in ("bet", *feeds)
    }

    assert headers == {
        "bet": ["webhook-id", "webhook-signature", "webhook-timestamp"],
        **{name: ["X-Id", "X-Sign", "X-Time"] for name in ("webhook", "basic", "api")},
        **{name: ["X-Key"] for name in ("webhook-id", "x")},
    }


async def test_each_feed_of_standard_webhooks_has_its_own_form_of_signature(
    database_url: str, gateway: Running
) -> None:
    key = base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()
    feeds = {
        "casino": {"kind": "bet", "webhook_public_keys": [f"whpk_{key}"]},
        "either": {"kind": "bet", "webhook_public_keys": [f"whpk_{key}"], "webhook_secrets": [examples.SECRET]},
    }
    document = await _of(feeds, database_url=database_url, gateway=gateway)
    schemes = document["components"]["securitySchemes"]
    said = {name: schemes[f"{name}.signature"]["description"] for name in ("bet", *feeds)}

    assert {name: ("`v1,`" in text, "`v1a,`" in text) for name, text in said.items()} == {
        "bet": (True, False),
        "casino": (False, True),
        "either": (True, True),
    }


async def test_every_cause_of_a_503_is_documented_with_its_header(service: Service) -> None:
    answer = (await _document(service))["paths"]["/events/bet"]["post"]["responses"]["503"]

    assert ["unavailable", "overloaded", "draining"] == list(answer["content"]["application/problem+json"]["examples"])
    assert answer["headers"].keys() == {"Retry-After"}


async def test_the_schema_is_the_one_that_validates(service: Service) -> None:
    schemas = (await _document(service))["components"]["schemas"]

    assert {"game_code", "round_id"} <= set(schemas["BetEvent"]["required"])
    assert "game_code" not in schemas["DepositEvent"]["properties"]


async def test_the_page_loads_nothing_from_elsewhere(service: Service) -> None:
    page = (await service.client.get("/docs")).text
    assets = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert len(assets) == 3
    for asset in assets:
        assert asset.startswith("/docs/assets/")
        assert (await service.client.get(asset)).status_code == 200
