"""What a sender is told of its mistakes: where, and what was expected; nothing of what it sent."""

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address
from typing import Any, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import AnyUrl, BaseModel, Field, ValidationError, create_model

from app.api.mistakes import LISTED, invalid
from app.api.problems import Refusal
from app.api.schema import BetEvent, DepositEvent
from app.domain import document
from tests import examples

CANARY = "sesame"
NAMES = sorted(BetEvent.model_fields)

VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.text().map(CANARY.__add__),
        st.text().map(lambda text: text + CANARY),
        st.sampled_from(["2026-11-22T" + CANARY, "2026-13-22T12:00:00Z" + CANARY, "1" + CANARY, CANARY.upper()]),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=5,
)


class Colour(Enum):
    RED = "red"


def _refusal(model: type[BaseModel], fields: Any) -> Refusal | None:
    try:
        model.model_validate(fields)
    except ValidationError as error:
        return invalid(error, {})
    return None


@given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=len(NAMES)))
@pytest.mark.parametrize("model", [BetEvent, DepositEvent])
def test_nothing_of_an_event_is_repeated(model: type[BaseModel], changes: dict[str, Any]) -> None:
    body = json.dumps(examples.bet() | changes).encode()
    refusal = _refusal(model, document.read(body).fields)

    assert refusal is None or CANARY not in json.dumps([refusal.detail, refusal.errors]).lower()


@pytest.mark.parametrize(
    "kind",
    [int, Decimal, date, datetime, UUID, AnyUrl, IPv4Address, Colour, Literal["red"], list[int], dict[str, int], bytes],
    ids=str,
)
def test_nothing_is_repeated_of_what_pydantic_would_repeat(kind: Any) -> None:
    """A model of tomorrow may use any of its types; some of their messages quote what they were given."""
    model = create_model("Model", field=(kind, ...))
    for value in (CANARY, f"0{CANARY}-", f"https://{CANARY}:{CANARY}", {"field": CANARY}, [CANARY], [{CANARY: 1}]):
        refusal = _refusal(model, {"field": value})

        assert refusal is None or CANARY not in json.dumps(
            [refusal.detail, [e["detail"] for e in refusal.errors or []]]
        )


def test_a_tag_that_is_none_of_a_unions_is_not_repeated() -> None:
    class Bet(BaseModel):
        kind: Literal["bet"]

    class Win(BaseModel):
        kind: Literal["win"]

    model = create_model("Model", field=(Bet | Win, Field(discriminator="kind")))
    refusal = _refusal(model, {"field": {"kind": CANARY}})

    assert refusal
    assert refusal.errors == [{"pointer": "/field", "detail": "is not as the schema has it"}]


def test_what_was_expected_is_said() -> None:
    changes = {
        "event_id": "",
        "player_country": "Malta",
        "amount": "-1",
        "currency": 1,
        "metadata": [],
        "game_code": "\0",
    }
    fields = document.read(json.dumps(examples.bet() | changes).encode()).fields
    del fields["round_id"]
    refusal = _refusal(BetEvent, fields | {"occurred_at": "2026-11-22T12:00:00"})

    assert refusal
    assert refusal.detail == "8 mistakes; see errors"
    assert {error["pointer"]: error["detail"] for error in refusal.errors or []} == {
        "/event_id": "must have at least 1 character(s)",
        "/player_country": "must be two capital letters",
        "/amount": "as text, an amount is plain decimal digits: 12.50",
        "/currency": "must be text",
        "/occurred_at": "must have a zone: 2026-11-22T12:00:00Z",
        "/metadata": "must be an object",
        "/game_code": "must have no control characters",
        "/round_id": "is needed",
    }


def test_a_mistake_is_one_mistake() -> None:
    fields = document.read(json.dumps(examples.bet(currency="eur")).encode()).fields
    refusal = _refusal(BetEvent, fields)

    assert refusal
    assert refusal.detail == "1 mistake; see errors"


def test_of_many_mistakes_some_are_listed_and_the_others_counted() -> None:
    names = [f"field_{number}" for number in range(LISTED + 3)]
    definitions: dict[str, Any] = dict.fromkeys(names, (str, ...))
    refusal = _refusal(create_model("Model", **definitions), {})

    assert refusal
    assert refusal.detail == "23 mistakes; see errors, which leaves out 3"
    assert [f"/{name}" for name in names[:LISTED]] == [error["pointer"] for error in refusal.errors or []]


def test_a_pointer_escapes_what_separates_its_parts() -> None:
    refusal = _refusal(create_model("Model", field=(dict[str, int], ...)), {"field": {"a/b~c": "x"}})

    assert refusal
    assert [error["pointer"] for error in refusal.errors or []] == ["/field/a~1b~0c"]
