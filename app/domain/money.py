"""Money is exact from the wire to the Gateway, or refused."""

import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, Context, Decimal

MAX_INTEGER_DIGITS = 18
MAX_DECIMAL_PLACES = 18
EXACT = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)  # the usual one rounds to 28 digits
_DIGITS = 1000  # a number with more, before the point or of its fraction, is no amount in any unit


class InexactAmountError(ValueError):
    """An amount that this service will not carry."""


def amount(number: Decimal) -> Decimal:
    """The number as an amount in major units, digit for digit.

    Raises InexactAmountError for anything negative, not finite, or with more digits than the limits above.
    """
    if not number.is_finite():
        raise InexactAmountError("must be a finite number")
    if number < 0:
        raise InexactAmountError("must not be negative")
    if number.adjusted() >= MAX_INTEGER_DIGITS:
        raise InexactAmountError(f"must have at most {MAX_INTEGER_DIGITS} digits before the decimal point")
    exponent = number.as_tuple().exponent
    if isinstance(exponent, int) and -exponent > MAX_DECIMAL_PLACES:
        raise InexactAmountError(f"must have at most {MAX_DECIMAL_PLACES} decimal places")
    return number.copy_abs()  # minus zero is zero


def from_text(text: str) -> Decimal:
    """The amount in a text of plain decimal digits, `12.50`. Raises InexactAmountError."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        raise InexactAmountError("as text, an amount is plain decimal digits: 12.50")
    return amount(Decimal(text))


def number(text: str, scale: int) -> Decimal:
    """The number in a text of plain decimal digits, of units of 10^-`scale`, which may be below zero. Raises
    InexactAmountError.
    """
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise InexactAmountError(f"as text, an amount is plain decimal digits: {'1250' if scale else '12.50'}")
    return Decimal(text)


def of_units(number: Decimal, scale: int) -> Decimal:
    """A number of units of 10^-`scale` as a number of major units. A fraction of such a unit is none of that platform's
    amounts, but one in major units that would count for less by a factor. Raises InexactAmountError.
    """
    if scale and number.is_finite() and abs(number.adjusted()) < _DIGITS and number != number.to_integral_value():
        raise InexactAmountError(f"must be whole: the feed's amounts are in units of 10^-{scale} (amount_scale)")
    return scaled(number, scale)


def scaled(number: Decimal, scale: int) -> Decimal:
    """A number of units of 10^-`scale` as a number of major units, digit for digit. What is no amount in any unit
    stays as it is, for `amount` to refuse.
    """
    if not number.is_finite() or abs(number.adjusted()) >= _DIGITS:
        return number
    return number.scaleb(-scale, EXACT)


def to_places(number: Decimal, places: int) -> Decimal:
    """The number as it was meant by a sender that computes in floats and has amounts of so many decimal places: what is
    behind them is noise, below a thousandth of the last place, and is rounded away. A number without noise keeps its
    digits. Raises InexactAmountError for more than noise.
    """
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent <= places or -exponent > _DIGITS or number.adjusted() >= _DIGITS:
        return number  # what of these is no amount is for `amount` to refuse
    meant = number.quantize(Decimal(1).scaleb(-places), context=EXACT)
    if EXACT.subtract(number, meant).copy_abs() >= Decimal(1).scaleb(-places - 3):
        raise InexactAmountError(f"must have at most {places} decimal places (amount_places)")
    return meant


def without(whole: Decimal, part: Decimal) -> Decimal:
    """What is left of an amount without a part of it, exact."""
    return EXACT.subtract(whole, part)


def json_number(value: Decimal) -> str:
    """The amount as a JSON number in plain notation, with exactly the digits it has."""
    return format(value, "f")
