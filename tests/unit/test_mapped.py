"""A mapped feed's reading of a payload: what is found where, in which form, and what is refused."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from app.api import payload as payloads
from app.api.reading import Reader
from app.authentication.insecure import Insecure
from app.domain.document import read
from app.domain.event import Event, Particulars
from app.domain.feed import Feed, Kind
from app.domain.filtering import Filter, LoopFilter
from app.domain.mapping import FieldMapping, Source
from tests.examples import bet, deposit

FILTER = Filter(
    loop=LoopFilter(provider_ids=frozenset(), game_codes=frozenset(), event_types=frozenset()),
    rollback_event_types=frozenset(),
    counted_event_types=frozenset({"bet"}),
    minimum_amount=Decimal(0),
)
OWN = {name: Source(paths=((name,),)) for name in (*bet(), "player_country", "player_token", "provider_id")}


def event(payload: dict[str, Any] | str, *, kind: Kind = "bet", sources: Any = None, **units: Any) -> Event:
    """What a feed reads whose mapping finds every field under our own name, but for these sources, or None."""
    found = {name: source for name, source in (OWN | (sources or {})).items() if source}
    feed = Feed(
        name="casino",
        kind=kind,
        operator_id="acme",
        brands=frozenset({"brand1"}),
        scheme=Insecure(),
        filter=FILTER,
        rules=(),
        mapping=FieldMapping(sources=found, **units),
    )
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return Reader(feed).event(read(text.encode()).fields)


def mistakes(payload: dict[str, Any] | str, **options: Any) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as caught:
        event(payload, **options)
    return [(error["loc"], error["msg"]) for error in caught.value.errors()]


def at(*paths: tuple[str | int, ...], **options: Any) -> Source:
    return Source(paths=paths, **options)


def test_a_field_is_found_at_its_path() -> None:
    payload = bet(items=[{}, {"user.id": "p-2"}])

    assert event(payload, sources={"player_id": at(("items", 1, "user.id"))}).player_id == "p-2"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [({"a": "1", "b": {"c": "2"}}, "1"), ({"b": {"c": "2"}}, "2"), ({"a": "1", "b": None}, "1")],
)
def test_the_first_of_the_alternatives_that_is_there_counts(changes: dict[str, Any], expected: str) -> None:
    assert expected == event(bet(**changes), sources={"player_id": at(("a",), ("b", "c"))}).player_id


PROVIDERS = {
    "top": at(("vendor",), ("provider",)),
    "nested": at(("data", "vendor"), ("data", "provider")),
    "array": at(("list", 0), ("list", 1)),
}


@pytest.mark.parametrize("options", [{}, {"default": "none"}, {"values": {"77": "thrilltech"}}])
@pytest.mark.parametrize(
    ("places", "payload"),
    [
        ("top", {"vendor": None, "provider": "thrilltech"}),
        ("nested", {"data": {"vendor": None, "provider": "thrilltech", "other": None}}),
        ("array", {"list": [None, "thrilltech", None]}),
    ],
)
def test_null_at_an_alternative_hides_no_other(places: str, payload: dict[str, Any], options: dict[str, Any]) -> None:
    found = event(bet(**payload), sources={"provider_id": replace(PROVIDERS[places], **options)})

    assert found.provider_id == "thrilltech"


@pytest.mark.parametrize(("default", "expected"), [(None, None), ("none", "none")])
@pytest.mark.parametrize("payload", [{}, {"vendor": None}, {"vendor": None, "provider": None}])
def test_where_every_alternative_is_null_or_missing_the_field_is(
    payload: dict[str, Any], default: str | None, expected: str | None
) -> None:
    source = replace(PROVIDERS["top"], default=default)

    assert expected == event(bet(**payload), sources={"provider_id": source}).provider_id


def test_a_needed_field_whose_first_alternative_is_null_is_found_at_the_next() -> None:
    sources = {"amount": at(("list", 0, "a"), ("list", 1, "a")), "currency": at(("list", 1, "c"))}

    found = event(bet(list=[{"a": None}, {"a": "1.5", "c": "SEK"}]), sources=sources)

    assert (Decimal("1.5"), "SEK") == (found.amount, found.currency)
    assert [(("list", 0, "a"), "Field required")] == mistakes(bet(list=[{"a": None}, {"c": "SEK"}]), sources=sources)


def test_beside_a_null_alternative_another_mistake_is_located() -> None:
    found = mistakes(bet(vendor=None, amount="1,5"), sources={"provider_id": PROVIDERS["top"]})

    assert [("amount",)] == [place for place, _ in found]


def test_the_document_allows_null_where_another_place_may_have_the_field() -> None:
    mapping = FieldMapping(sources=OWN | {"player_id": at(("a",), ("b",))})
    document = Draft202012Validator(payloads.schema("bet", mapping))

    assert document.is_valid(bet(a=None, b="p-1"))


@pytest.mark.parametrize("payload", [{}, {"vendor": None}, {"vendr": "thrilltech"}, {"vendor": ""}])
def test_an_event_without_what_it_needs_though_others_may_be_without_is_refused(payload: dict[str, Any]) -> None:
    sources, needed = {"provider_id": at(("vendor",))}, frozenset({"provider_id"})

    assert [("vendor",)] == [place for place, _ in mistakes(bet(**payload), sources=sources, needed=needed)]
    assert event(bet(vendor="studio"), sources=sources, needed=needed).provider_id == "studio"


def test_a_default_stands_for_what_is_needed() -> None:
    source = at(("vendor",), default="none")

    assert event(bet(), sources={"provider_id": source}, needed=frozenset({"provider_id"})).provider_id == "none"


def test_the_document_says_that_a_field_is_needed_though_other_feeds_may_be_without() -> None:
    mapping = FieldMapping(sources=OWN | {"provider_id": at(("vendor",))}, needed=frozenset({"provider_id"}))
    document = Draft202012Validator(payloads.schema("bet", mapping))

    assert [False, False, True] == [document.is_valid(bet(**has)) for has in ({}, {"vendor": None}, {"vendor": "v"})]


def test_a_constant_stands_whatever_the_payload_says() -> None:
    found = event(bet(brand_id="elsewhere"), sources={"brand_id": Source(constant="brand1")})

    assert found.key.brand_id == "brand1"


@pytest.mark.parametrize(("payload", "expected"), [({}, "MT"), ({"c": None}, "MT"), ({"c": "SE"}, "SE")])
def test_a_default_stands_for_what_is_not_there_or_null(payload: dict[str, Any], expected: str) -> None:
    found = event(bet(**payload), sources={"player_country": at(("c",), default="MT")})

    assert expected == found.player_country


@pytest.mark.parametrize(("theirs", "expected"), [("1", "brand1"), (1, "brand1"), ("brand2", "brand2"), (2, "2")])
def test_the_operators_values_become_ours_and_others_stand(theirs: Any, expected: str) -> None:
    found = event(bet(site=theirs), sources={"brand_id": at(("site",), values={"1": "brand1"})})

    assert expected == found.key.brand_id


@pytest.mark.parametrize("value", [5, -97, 978, 10**30, True, "978 ", "eur"])
@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("currency", "must be a currency code in capitals: EUR, USDT"),
        ("player_country", "must be two capital letters"),
    ],
)
def test_a_number_is_no_currency_and_no_country_by_itself(field: str, expected: str, value: Any) -> None:
    assert [((field,), expected)] == mistakes(bet(**{field: value}))
    assert [((field,), expected)] == mistakes(bet(**{field: value}), sources={field: at((field,), values={"7": "MT"})})


@pytest.mark.parametrize(("field", "ours"), [("currency", "EUR"), ("player_country", "MT")])
@pytest.mark.parametrize("theirs", [978, "978"])
def test_a_number_becomes_a_currency_or_a_country_by_its_value(field: str, ours: str, theirs: Any) -> None:
    found = event(bet(**{field: theirs}), sources={field: at((field,), values={"978": ours})})

    assert ours == getattr(found, field)


@pytest.mark.parametrize("number", ["0", "81", "-5", "90071992547409931", "9" * 200])
def test_a_whole_number_is_an_id_digit_for_digit(number: str) -> None:
    payload = json.dumps(bet()).replace('"bet-1"', number)

    assert number == event(payload).key.event_id


@pytest.mark.parametrize(
    "value", ["81.0", "1.5", "1e3", "true", "null", "{}", "[]", '""', '"a\\u0000"', "9" * 201, f'"{"a" * 201}"']
)
def test_what_is_neither_text_nor_a_whole_number_is_no_id(value: str) -> None:
    payload = json.dumps(bet()).replace('"bet-1"', value)
    expected = "must be a text of 1 to 200 characters, none of them a control character, or a whole number"

    assert [(("event_id",), expected)] == mistakes(payload)


@pytest.mark.parametrize(
    ("value", "scale", "sign", "expected"),
    [
        ("250", 2, "positive", "2.50"),
        ('"250"', 2, "positive", "2.50"),
        ('"250.0"', 2, "positive", "2.500"),
        ("0.1", 0, "positive", "0.1"),
        ("-0.0", 0, "positive", "0.0"),
        ("-1999", 3, "negative", "1.999"),
        ('"-1999"', 3, "negative", "1.999"),
        ("-1", 5, "either", "0.00001"),
        ("1", 5, "either", "0.00001"),
        ("12345678901234567.891", 0, "either", "12345678901234567.891"),
        ("-123456789012345678901234567890123456", 18, "negative", "123456789012345678.901234567890123456"),
    ],
)
def test_an_amount_is_exact_in_any_unit_and_of_any_sign(value: str, scale: int, sign: str, expected: str) -> None:
    payload = json.dumps(bet()).replace('"2.50"', value)
    found = event(payload, amount_scale=scale, amount_sign=sign)

    assert (expected, None) == (format(found.amount, "f"), found.particulars)


@pytest.mark.parametrize("scale", [0, 2])
@pytest.mark.parametrize("value", ["250", "250.0", "2.5", '"250"', '"250.0"', '"2.5"', "true", '"1e3"', "-1"])
def test_the_document_takes_the_amounts_that_are_taken(scale: int, value: str) -> None:
    text = json.dumps(bet()).replace('"2.50"', value)
    document = payloads.schema("bet", FieldMapping(sources=OWN, amount_scale=scale))
    try:
        taken = bool(event(text, amount_scale=scale))
    except ValidationError:
        taken = False

    assert taken == Draft202012Validator(document).is_valid(json.loads(text))


def test_an_amount_whose_sign_is_not_a_stakes_is_a_credit() -> None:
    found = event(bet(amount="2.50"), amount_sign="negative")

    assert (Decimal("2.50"), Particulars(credit=True)) == (found.amount, found.particulars)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("-1", "Value error, must not be negative"),
        ('"-1"', "Value error, must not be negative"),
        ('"1,5"', "Value error, as text, an amount is plain decimal digits: 1250"),
        ('"1e3"', "Value error, as text, an amount is plain decimal digits: 1250"),
        ("true", "Value error, must be a number, or a decimal number as text"),
        ("1e300", "Value error, must have at most 18 digits before the decimal point"),
        ("1e-2000", "Value error, must have at most 18 decimal places"),
        ("1e-17", "Value error, must be whole: the feed's amounts are in units of 10^-2 (amount_scale)"),
        ("2.5", "Value error, must be whole: the feed's amounts are in units of 10^-2 (amount_scale)"),
        ('"249.99"', "Value error, must be whole: the feed's amounts are in units of 10^-2 (amount_scale)"),
    ],
)
def test_an_amount_that_cannot_be_carried_is_refused(value: str, expected: str) -> None:
    payload = json.dumps(bet()).replace('"2.50"', value)

    assert [(("amount",), expected)] == mistakes(payload, amount_scale=2)


@pytest.mark.parametrize(
    ("bonus", "expected", "rest"),
    [("0.50", "2.00", Decimal("0.50")), (None, "2.50", None), ("0", "2.50", None), ("2.50", "0.00", Decimal("2.50"))],
)
def test_a_bonus_is_subtracted(bonus: str | None, expected: str, rest: Decimal | None) -> None:
    found = event(bet(bonus=bonus), sources={"bonus_amount": at(("bonus",))})

    assert expected == str(found.amount)
    assert rest == (found.particulars and found.particulars.bonus)


@pytest.mark.parametrize(
    ("amount", "bonus", "expected"),
    [
        ("0.30000000000000004", "0.3", "0.00"),
        ("0.3", "0.30000000000000004", "0.00"),
        ("12.5", "2.4999999999999996", "10.00"),
    ],
)
def test_where_amounts_have_places_the_noise_of_floats_is_no_money(amount: str, bonus: str, expected: str) -> None:
    payload = json.dumps(bet(bonus="B")).replace('"2.50"', amount).replace('"B"', bonus)
    found = event(payload, sources={"bonus_amount": at(("bonus",))}, amount_places=2)

    assert expected == str(found.amount)


def test_without_places_every_digit_of_an_amount_counts() -> None:
    payload = json.dumps(bet()).replace('"2.50"', "0.30000000000000004")

    assert event(payload).amount == Decimal("0.30000000000000004")
    assert event(payload, amount_places=2).amount == Decimal("0.30")


def test_an_amount_with_more_than_its_places_is_refused() -> None:
    expected = "Value error, must have at most 2 decimal places (amount_places)"

    assert [(("amount",), expected)] == mistakes(bet(amount="2.505"), amount_places=2)


def test_without_a_bonus_nothing_is_subtracted() -> None:
    assert event(bet(), sources={"bonus_amount": at(("bonus",))}).amount == Decimal("2.50")


def test_a_bonus_larger_than_the_amount_is_refused_where_it_is() -> None:
    found = mistakes(bet(money={"bonus": "2.51"}), sources={"bonus_amount": at(("money", "bonus"))})

    assert [(("money", "bonus"), "Value error, must not be more than the amount, of which it is a part")] == found


@pytest.mark.parametrize(("value", "expected"), [(True, "true"), (False, "false"), ("free", "free"), (1, "1")])
def test_a_stake_type_may_be_true_or_false(value: Any, expected: str) -> None:
    assert event(bet(free=value), sources={"stake_type": at(("free",))}).particulars == Particulars(stake_type=expected)


@pytest.mark.parametrize(("time_format", "value"), [("seconds", 1795348800), ("milliseconds", "1795348800000")])
def test_a_time_may_be_a_number_or_its_digits(time_format: str, value: Any) -> None:
    expected = datetime(2026, 11, 22, 12, tzinfo=UTC)

    assert expected == event(bet(occurred_at=value), time_format=time_format).occurred_at


@pytest.mark.parametrize("value", [None, True, "soon", "", "1e9", []])
def test_a_time_that_is_no_number_is_refused(value: Any) -> None:
    expected = "Value error, must be a number of seconds since 1970-01-01 in UTC"

    assert [(("occurred_at",), expected)] == mistakes(bet(occurred_at=value), time_format="seconds")


def test_the_epoch_stands_where_no_time_is_sent_so_that_ids_are_the_same_on_every_retry() -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC)

    assert expected == event(bet(occurred_at="soon"), sources={"occurred_at": None}, time_format="none").occurred_at


def test_a_deposits_round_is_its_event_unless_it_is_found() -> None:
    sources = {"round_id": at(("r",)), "game_code": None}
    found = event(deposit(r="r-1"), kind="deposit", sources=sources)
    without = event(deposit(), kind="deposit", sources=sources)

    assert ("r-1", "deposit-1") == (found.round_id, without.round_id)


@pytest.mark.parametrize(
    ("has", "expected"),
    [
        ({"provider_id": "thrilltech"}, "thrilltech"),
        ({}, None),
        *[({"provider_id": other}, None) for other in (None, "", "a" * 201, "a\x00", True, 1.5, {"id": 1}, [1])],
    ],
)
def test_what_is_only_glanced_at_is_nothing_where_it_is_something_else(
    has: dict[str, Any], expected: str | None
) -> None:
    sources = {"provider_id": at(("provider_id",), glanced=True), "game_code": None, "round_id": None}
    found = event(deposit(**has), kind="deposit", sources=sources)

    assert expected == found.provider_id


def test_what_is_only_glanced_at_is_not_documented() -> None:
    mapping = FieldMapping(sources=OWN | {"provider_id": at(("provider_id",), glanced=True)})

    assert "provider_id" not in payloads.schema("deposit", mapping)["properties"]


def test_what_the_mapping_does_not_name_may_be_anything() -> None:
    expected = event(bet())

    assert expected == event(bet(metadata="text", status=1, stake_type=[], bonus_amount={}, extra=None))
    assert expected == replace(expected, particulars=None)
