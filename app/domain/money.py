"""Money is exact from the wire to the Gateway, or refused."""

import re
from decimal import Decimal

MAX_INTEGER_DIGITS = 18
MAX_DECIMAL_PLACES = 18


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


def json_number(value: Decimal) -> str:
    """The amount as a JSON number in plain notation, with exactly the digits it has."""
    return format(value, "f")
