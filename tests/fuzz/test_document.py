"""Whether the documented schema means what the service does; `make fuzz` asks Schemathesis the same."""

import json
from collections.abc import Iterator
from decimal import Decimal, localcontext
from typing import Any

from jsonschema import Draft202012Validator

from tests import examples
from tests.acceptance.service import running
from tests.examples import Running
from tests.fuzz.shapes.fields import FIELDS, RAW
from tests.fuzz.story import Bets

UNSAID = (
    *("1e999999", "1e-999999"),  # no validator of JSON Schema can take a remainder of these
    '"\\ud800"',  # half a character: JSON may have it, Unicode text may not
)
ACCEPTED = (202, 409)  # 409: an event under a key that is no longer its own alone


def _schema(document: dict[str, Any]) -> dict[str, Any]:
    content = document["paths"]["/events/bet"]["post"]["requestBody"]["content"]
    schema: dict[str, Any] = content["application/json"]["schema"]
    return schema | {"components": document["components"]}


def _bodies() -> Iterator[tuple[str, str, str]]:
    """The bodies of bets with one field changed, and which to what."""
    bets = Bets(1)
    for name in filter(str.isidentifier, FIELDS):
        for raw in RAW:
            body = json.dumps(bets.next() | {name: "RAW"}).replace('"RAW"', raw)
            if raw not in UNSAID and len(body) < 60_000:
                yield name, raw, body


def _allowed(validator: Draft202012Validator, body: str) -> bool:
    with localcontext(prec=20_000):  # digits, so that none is lost
        return bool(validator.is_valid(json.loads(body, parse_float=Decimal, parse_int=Decimal)))


async def test_a_value_that_the_document_allows_is_accepted_and_no_other(database_url: str, gateway: Running) -> None:
    differing = list[tuple[str, str, int]]()
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        document = json.loads((await service.client.get("/openapi.json")).text, parse_float=Decimal)
        validator = Draft202012Validator(_schema(document), format_checker=Draft202012Validator.FORMAT_CHECKER)
        for name, raw, body in _bodies():
            status = (await service.post_body("bet", body.encode())).status_code
            if _allowed(validator, body) != (status in ACCEPTED):
                differing.append((name, raw, status))

    assert [] == differing
