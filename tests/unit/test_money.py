"""Money is carried digit for digit, or refused."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.money import InexactAmountError, amount, from_text, json_number, scaled, to_places, without

# Every form of every amount within the limits: a coefficient, and an exponent that leaves it no digit too many.
AMOUNTS = st.integers(-18, 17).flatmap(
    lambda exponent: st.integers(0, 10 ** (18 - exponent) - 1).map(lambda number: Decimal(f"{number}e{exponent}"))
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("0e17", "0"),
        ("1", "1"),
        ("2.50", "2.50"),
        ("25e-1", "2.5"),
        ("1e3", "1000"),
        ("1E+17", "100000000000000000"),
        ("1E-18", "0.000000000000000001"),
        ("12345678901234567.891", "12345678901234567.891"),
        ("999999999999999999.999999999999999999", "999999999999999999.999999999999999999"),
    ],
)
def test_an_amount_is_written_in_plain_notation_with_the_digits_it_has(text: str, expected: str) -> None:
    assert expected == json_number(amount(Decimal(text)))


@pytest.mark.parametrize(
    ("text", "places", "expected"),
    [
        ("0.30000000000000004", 2, "0.30"),
        ("0.29999999999999998", 2, "0.30"),
        ("-12.499999999999998", 2, "-12.50"),
        ("5.551115123125783e-17", 2, "0.00"),
        ("9999999999.990000", 2, "9999999999.99"),
        ("1234567890.1200001", 2, "1234567890.12"),
        ("0.1234567800000001", 8, "0.12345678"),
        ("3.0000000000000004", 0, "3"),
        ("0.3", 2, "0.3"),
        ("0.30", 2, "0.30"),
        ("1e3", 2, "1E+3"),
        ("0", 2, "0"),
        ("NaN", 2, "NaN"),
    ],
)
def test_the_noise_of_floats_behind_the_places_of_amounts_is_rounded_away(
    text: str, places: int, expected: str
) -> None:
    assert expected == str(to_places(Decimal(text), places))


@pytest.mark.parametrize(("text", "places"), [("0.301", 2), ("0.30001", 2), ("0.29999", 2), ("-2.5", 0), ("1e-11", 8)])
def test_more_than_noise_behind_the_places_is_refused(text: str, places: int) -> None:
    with pytest.raises(InexactAmountError, match=f"at most {places} decimal places"):
        to_places(Decimal(text), places)


@given(
    st.decimals(0, 10**10, places=2, allow_nan=False),
    st.decimals(0, 10**10, places=2, allow_nan=False),
)
def test_what_a_platform_adds_in_floats_is_exact_in_its_places(one: Decimal, other: Decimal) -> None:
    added = Decimal(repr(float(one) + float(other)))

    assert one + other == to_places(added, 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("-1", "must not be negative"),
        ("-1e-18", "must not be negative"),
        ("-1e18", "must not be negative"),
        ("NaN", "must be a finite number"),
        ("-NaN", "must be a finite number"),
        ("sNaN", "must be a finite number"),
        ("Infinity", "must be a finite number"),
        ("-Infinity", "must be a finite number"),
        ("1000000000000000000", "at most 18 digits before the decimal point"),
        ("1e18", "at most 18 digits before the decimal point"),
        ("1e999999", "at most 18 digits before the decimal point"),
        ("0.0000000000000000001", "at most 18 decimal places"),
        ("1.0000000000000000000", "at most 18 decimal places"),
        ("1e-999999", "at most 18 decimal places"),
    ],
)
def test_an_amount_that_cannot_be_carried_is_refused(text: str, words: str) -> None:
    with pytest.raises(InexactAmountError, match=words):
        amount(Decimal(text))


@pytest.mark.parametrize("text", ["0", "2.50", "0.000000000000000001", "999999999999999999.999999999999999999"])
def test_an_amount_in_text_keeps_its_digits(text: str) -> None:
    assert text == json_number(from_text(text))


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", ".", "1.", ".5", "1.2.3", "1,5", "1_000", " 1", "1\n", "-1", "-0", "+1", "1e3", "0x1"),
        *("NaN", "Infinity", "\u00b2", "\u0661", "\uff11"),
    ],
)
def test_text_that_is_not_plain_decimal_digits_is_refused(text: str) -> None:
    with pytest.raises(InexactAmountError, match="plain decimal digits"):
        from_text(text)


@pytest.mark.parametrize("text", ["1000000000000000000", "0.0000000000000000001"])
def test_an_amount_in_text_has_the_limits_of_a_number(text: str) -> None:
    with pytest.raises(InexactAmountError, match="must have at most 18"):
        from_text(text)


@given(AMOUNTS)
def test_every_amount_within_the_limits_reaches_the_gateway_as_the_number_it_was(number: Decimal) -> None:
    written = json_number(amount(number))

    assert number == json.loads(written, parse_float=Decimal, parse_int=Decimal)
    assert "e" not in written.lower()


@given(AMOUNTS.filter(lambda number: number.as_tuple().exponent in range(-18, 1)))
def test_an_amount_in_plain_notation_keeps_its_trailing_zeros(number: Decimal) -> None:
    expected = format(number, "f")

    assert expected == json_number(amount(number))


@given(st.decimals())
def test_any_number_is_carried_unchanged_or_refused(number: Decimal) -> None:
    try:
        carried = amount(number)
    except InexactAmountError:
        return

    assert number == carried


@pytest.mark.parametrize(
    ("number", "scale", "expected"),
    [
        ("250", 2, "2.50"),
        ("1999", 3, "1.999"),
        ("1", 5, "0.00001"),
        ("2.5", 0, "2.5"),
        ("12.5", 2, "0.125"),
        ("-250", 2, "-2.50"),
        ("0", 2, "0.00"),
        ("2.5E+2", 2, "2.5"),
        ("123456789012345678901234567890123456", 18, "123456789012345678.901234567890123456"),
    ],
)
def test_an_amount_in_another_unit_keeps_every_digit(number: str, scale: int, expected: str) -> None:
    assert expected == json_number(scaled(Decimal(number), scale))


@pytest.mark.parametrize("number", ["1E+2000", "1E-2000", "1E+999999999999999999", "NaN", "Infinity"])
def test_what_is_no_amount_in_any_unit_is_refused_as_it_is(number: str) -> None:
    with pytest.raises(InexactAmountError):
        amount(scaled(Decimal(number), 2))


def test_what_is_left_of_an_amount_keeps_every_digit() -> None:
    expected = "999999999999999999.999999999999999998"

    assert expected == str(without(Decimal("999999999999999999.999999999999999999"), Decimal("1E-18")))
