"""A contribution's exact body and its identity."""

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import RFC_4122, UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.contribution import Contribution, contribution
from tests.unit.events import event

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(timezones=st.just(UTC))
MILLISECOND = timedelta(milliseconds=1)


def _owed(*, source_id: str = "books", operator_id: str = "casino", **changes: Any) -> Contribution:
    return contribution(event(**changes), source_id, operator_id=operator_id)


def _body(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(_owed(**changes).body, parse_float=Decimal, parse_int=Decimal)
    return body


def test_the_body_is_what_the_gateway_asks_for() -> None:
    expected = {
        "token": "token-1",
        "brand_id": "casino:brand1",
        "player_id": "player-1",
        "player_country": "MT",
        "source_id": "books",
        "gameround_id": "round-1",
        "currency": "EUR",
        "metadata": {"feed": "bet", "brand_id": "brand1", "event_id": "bet-1"},
        "base_wager": Decimal("2.50"),
    }

    assert expected == _body()


@pytest.mark.parametrize(("field", "change"), [("token", "player_token"), ("player_country", "player_country")])
def test_a_field_that_the_event_lacks_is_null(field: str, change: str) -> None:
    assert _body(**{change: None})[field] is None


@pytest.mark.parametrize(
    ("amount", "expected"),
    [
        ("0", "0"),
        ("2.50", "2.50"),
        ("1e3", "1000"),
        ("0.000000000000000001", "0.000000000000000001"),
        ("12345678901234567.891", "12345678901234567.891"),
    ],
)
def test_the_wager_is_a_number_with_the_digits_of_the_amount(amount: str, expected: str) -> None:
    body = json.loads(_owed(amount=Decimal(amount)).body, parse_float=str, parse_int=str)

    assert expected == body["base_wager"]


@given(st.text())
def test_any_text_reaches_the_gateway_as_it_is(text: str) -> None:
    assert text == _body(player_id=text)["player_id"]
    assert text == _body(event_id=text)["metadata"]["event_id"]


def test_the_same_event_and_source_give_the_same_id_and_the_same_bytes() -> None:
    assert _owed() == _owed()


def test_an_id_and_a_body_once_given_never_change() -> None:
    """Another version of this service may have sent the same contribution before."""
    expected = Contribution(
        id=UUID("01a20320-a200-81b8-96ab-a4b4de740ed0"),
        source_id="books",
        body='{"token": "token-1", "brand_id": "casino:brand1", "player_id": "player-1", "player_country": "MT",'
        ' "source_id": "books", "gameround_id": "round-1", "currency": "EUR",'
        ' "metadata": {"feed": "bet", "brand_id": "brand1", "event_id": "bet-1"}, "base_wager": 2.50}',
    )

    assert expected == _owed()


@pytest.mark.parametrize(
    "changes",
    [
        {"source_id": "other"},
        {"operator_id": "other"},
        {"feed": "other"},
        {"brand_id": "other"},
        {"event_id": "other"},
        {"feed": "brand1", "brand_id": "bet"},
        {"event_id": "bet-1books", "source_id": ""},
        {"event_id": 'bet-1", "books', "source_id": ""},
    ],
)
def test_another_source_operator_feed_brand_or_event_is_another_contribution(changes: dict[str, Any]) -> None:
    assert _owed().id != _owed(**changes).id


@pytest.mark.parametrize("changes", [{"amount": Decimal(9)}, {"player_token": None}, {"round_id": "round-2"}])
def test_what_is_not_the_events_key_does_not_change_the_id(changes: dict[str, Any]) -> None:
    assert _owed().id == _owed(**changes).id


@given(st.text(), st.text(), TIMES)
def test_an_id_is_a_uuid_of_version_8(event_id: str, source_id: str, occurred_at: datetime) -> None:
    identity = _owed(event_id=event_id, source_id=source_id, occurred_at=occurred_at).id

    assert identity.version == 8
    assert identity.variant == RFC_4122


@given(TIMES.filter(lambda time: time >= EPOCH))
@example(datetime(2038, 4, 20, 17, 1, 49, 989_000, tzinfo=UTC))
def test_an_id_begins_with_the_time_in_milliseconds(occurred_at: datetime) -> None:
    expected = (occurred_at - EPOCH) // MILLISECOND

    assert expected == _owed(occurred_at=occurred_at).id.int >> 80


@given(TIMES.filter(lambda time: time >= EPOCH), st.timedeltas(MILLISECOND, timedelta(days=365)), st.text())
def test_ids_sort_by_the_time_of_the_event(occurred_at: datetime, later: timedelta, event_id: str) -> None:
    later = min(later, datetime.max.replace(tzinfo=UTC) - occurred_at)
    ids = [_owed(occurred_at=occurred_at).id, _owed(occurred_at=occurred_at + later, event_id=event_id).id]

    assert ids == sorted(ids)


def test_the_same_instant_in_another_zone_gives_the_same_id() -> None:
    noon = datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert _owed(occurred_at=noon).id == _owed(occurred_at=noon.astimezone(timezone(timedelta(hours=9)))).id


@pytest.mark.parametrize("occurred_at", [datetime.min.replace(tzinfo=UTC), EPOCH - MILLISECOND, EPOCH])
def test_a_time_before_1970_counts_as_1970(occurred_at: datetime) -> None:
    assert _owed(occurred_at=EPOCH).id == _owed(occurred_at=occurred_at).id
