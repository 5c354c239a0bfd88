"""The events that the generator sends."""

import json
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest

from app.api.schema import BetEvent
from app.authentication.standard_webhooks import StandardWebhooks
from app.domain import document
from benchmarks import events

KEY = bytes(32)
SCHEME = StandardWebhooks(keys=(KEY,), tolerance=timedelta(minutes=5))
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("number", [0, 1, 999, 19_990, 1_234_567])
def test_a_body_is_a_bet_as_the_service_wants_it(number: int) -> None:
    bet = BetEvent.model_validate(document.read(events.body("a-", number, at=NOW)).fields)

    assert (events.event_id("a-", number), Decimal(events.amount(number))) == (bet.event_id, bet.amount)


def test_a_request_is_signed_as_the_service_wants_it() -> None:
    (request,) = events.requests("a-", [5], scheme=SCHEME)
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)

    assert "POST /events/bet HTTP/1.1" == first
    assert str(len(body)) == headers["content-length"]
    assert SCHEME.refusal(headers, body, now=time.time()) is None


def test_an_array_is_signed_whole_and_has_the_events_as_they_are_alone() -> None:
    (request,) = events.batches("a-", [[5, 6]], scheme=SCHEME)
    head, _, body = request.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    bets = [BetEvent.model_validate(fields) for fields in json.loads(body, parse_float=Decimal)]

    assert "POST /events/bet/batch HTTP/1.1" == first
    assert str(len(body)) == headers["content-length"]
    assert SCHEME.refusal(headers, body, now=time.time()) is None
    assert [(events.event_id("a-", number), Decimal(events.amount(number))) for number in (5, 6)] == [
        (bet.event_id, bet.amount) for bet in bets
    ]


def test_the_last_array_has_what_is_left() -> None:
    assert [[0, 1, 2], [3, 4, 5], [6]] == events.in_arrays(list(range(7)), 3)


def test_a_repeated_event_has_the_same_body_in_a_message_of_its_own() -> None:
    first, second = events.requests("a-", [5, 5], scheme=SCHEME)

    assert first != second
    assert first.partition(b"\r\n\r\n")[2] == second.partition(b"\r\n\r\n")[2]


def test_without_repetitions_every_event_is_new() -> None:
    assert list(range(100)) == events.numbers(100, repeated=0, random=Random(1))


def test_half_of_the_requests_repeat_one_of_the_events_shortly_before() -> None:
    chosen = events.numbers(10_000, repeated=0.5, random=Random(1))
    new = sorted(set(chosen))

    assert list(range(len(new))) == new  # none is left out
    assert 4_800 < len(new) < 5_200
    latest = 0
    for number in chosen:
        assert latest - events.NEIGHBOURS <= number <= latest + 1
        latest = max(latest, number)


def test_the_same_seed_repeats_the_same_events() -> None:
    assert events.numbers(100, repeated=0.3, random=Random(7)) == events.numbers(100, repeated=0.3, random=Random(7))


def test_amounts_are_money() -> None:
    amounts = {events.amount(number) for number in range(20_000)}

    assert all(Decimal("0.10") <= Decimal(amount) < Decimal(200) for amount in amounts)
    assert json.loads(f"[{','.join(amounts)}]")


def test_ids_without_order_are_all_over_those_of_the_past_and_each_is_another() -> None:
    ids = [events.event_id("a-", number, among=1000) for number in range(5000)]
    tenths = {int(each.removeprefix(events.PAST)[:8]) // 100 for each in ids[:100]}

    assert 5000 == len(set(ids))
    assert set(range(10)) == tenths
    assert b'"event_id": "past-00000761-a-00000001"' in events.body("a-", 1, at=NOW, among=1000)
