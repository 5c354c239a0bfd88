"""The documentation: valid, true, and readable without internet access."""

import re
from typing import Any

import pytest
from openapi_spec_validator import validate

from app.api.payload import EXAMPLES
from tests.acceptance.service import Service


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
    assert operation["security"] == [{"webhookId": [], "webhookTimestamp": [], "webhookSignature": []}]


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
