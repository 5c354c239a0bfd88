"""Whatever paths the start takes, the service can be made of them: its routes, and the document that describes them."""

from typing import Any

from hypothesis import given, reject
from hypothesis import strategies as st
from pydantic import ValidationError

from app.api import batch_documentation, openapi, payload
from app.api.reading import Reader
from app.domain.feed import Feed
from app.settings import Settings
from tests import examples

STEPS = st.sampled_from(["a", "b", 0, 1])
PATHS = st.tuples(st.sampled_from(["a", "b", "c"]), st.lists(STEPS, max_size=2)).map(
    lambda found: [found[0], *found[1]]
)
PLACES = st.lists(PATHS, min_size=1, max_size=2)
NAMES = ["event_id", "player_id", "player_country", "provider_id", "round_id", "amount", "currency", "occurred_at"]


def feed(
    fields: dict[str, Any], *, amount_places: int | None = None, contribution_events: Any = None, **batch: Any
) -> Feed:
    section: dict[str, Any] = {"kind": "bet", "webhook_secrets": [examples.SECRET], "amount_places": amount_places}
    section |= {"fields": fields, "batch": batch}
    settings = examples.settings(
        database_url=None,
        gateway_url="http://127.0.0.1:9",
        feeds={"bet": section, "deposit": {"enabled": False}},
        contribution_events=contribution_events or {},
    )
    assert isinstance(settings, Settings)
    return settings.feed_values()[0]


@given(st.dictionaries(st.sampled_from(NAMES), PLACES), st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=3))
def test_what_passes_the_start_can_be_served_and_described(fields: dict[str, Any], told_by: list[str]) -> None:
    try:
        found = feed({"provider_id": "provider"} | fields, told_by=told_by, taken=["bet"])
    except ValidationError:
        reject()
    assert found.mapping

    Reader(found)
    assert openapi.receiving(found, home="")
    assert batch_documentation.batch(found, home="")
    assert payload.schema(found.kind, found.mapping)


def test_in_the_example_a_field_with_several_places_gives_way_to_those_with_one() -> None:
    found = feed({"provider_id": "vendor", "event_id": ["data", "data.id"], "player_id": "data.player"})

    assert {"player": "player-42", "id": "bet-000001"} == payload.example(found)["data"]


def test_what_tells_an_event_of_a_batch_is_left_out_of_the_example_where_a_field_is_in_the_way() -> None:
    found = feed({"provider_id": "vendor"}, told_by="amount.kind", taken=["bet"])

    example = batch_documentation.batch(found, home="")["openapi_extra"]["requestBody"]["content"]["application/json"]
    assert [payload.example(found)] == example["example"]


def test_the_example_has_nothing_that_the_platform_was_not_said_to_have() -> None:
    example = payload.example(feed({"provider_id": "vendor", "player_token": "player_token"}))

    assert {"vendor", "player_token"} < example.keys()
    assert "player_country" not in example


def test_where_another_field_tells_debits_the_example_has_no_provider() -> None:
    example = payload.example(feed({"event_type": "kind"}, contribution_events={"game_codes": ["jackpot*"]}))

    assert {"kind", "game_code"} < example.keys()
    assert not {"provider_id", "player_token"} & example.keys()


def test_the_example_has_no_more_places_than_amounts_have() -> None:
    found = feed({"provider_id": "vendor"}, amount_places=0)

    assert 2 == payload.example(found)["amount"]
