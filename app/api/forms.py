"""The forms of values in operators' payloads, as types that pydantic validates: text, amounts, times."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from decimal import Decimal
from functools import partial
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, PlainValidator
from pydantic_core import CoreSchema
from pydantic_core.core_schema import (
    custom_error_schema,
    no_info_before_validator_function,
    no_info_plain_validator_function,
    str_schema,
    union_schema,
    with_default_schema,
)

from app.api.schema import COUNTRY, CURRENCY, LONGEST, LONGEST_TOKEN, PRINTABLE, Timestamp
from app.domain import money, timestamp
from app.domain.mapping import FieldMapping, Sign

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def text_type(name: str, values: Mapping[str, str]) -> Any:
    """The type of a text field. `values` are ours for the operator's."""
    match name:
        case "currency":
            text = _Text("must be a currency code in capitals: EUR, USDT", CURRENCY, values, of=None)
        case "player_country":
            text = _Text("must be two capital letters", COUNTRY, values, of=None)
        case "player_token":
            text = _Text(_words(LONGEST_TOKEN), PRINTABLE, values, longest=LONGEST_TOKEN)
        case "stake_type":
            text = _Text(f"{_words(LONGEST)}, or true or false", PRINTABLE, values, of=_digits_or_flag)
        case _:
            text = _Text(_words(LONGEST), PRINTABLE, values)
    return Annotated[str, text]


def _words(longest: int) -> str:
    return f"must be a text of 1 to {longest} characters, none of them a control character, or a whole number"


def _digits(value: Any) -> str:
    """The text of a whole number, digit for digit. A fraction is none, also where nothing is behind its point."""
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0 and len(text := str(value)) <= LONGEST:
        return text
    raise ValueError


def _digits_or_flag(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _digits(value)


class _Text:
    """Text, or what else `of` makes the text of: a number has no pattern."""

    def __init__(
        self,
        expected: str,
        pattern: str,
        values: Mapping[str, str],
        *,
        longest: int = LONGEST,
        of: Callable[[Any], str] | None = _digits,
    ) -> None:
        self._expected = expected
        self._pattern = pattern
        self._values = values
        self._longest = longest
        self._of = of

    def __get_pydantic_core_schema__(self, _source: Any, _handler: Any) -> CoreSchema:
        """Text is the first choice, and never leaves pydantic's Rust."""
        schema: CoreSchema = str_schema(min_length=1, max_length=self._longest, pattern=self._pattern)
        if self._of:
            schema = union_schema([schema, no_info_plain_validator_function(self._of)], mode="left_to_right")
        schema = custom_error_schema(schema, "text", custom_error_message=self._expected)
        return no_info_before_validator_function(self._ours, schema) if self._values else schema

    def _ours(self, value: Any) -> Any:
        try:
            return self._values.get(value if isinstance(value, str) else _digits_or_flag(value), value)
        except ValueError:
            return value


def or_nothing(type_: Any) -> Any:
    """The type, and None for all else."""
    return Annotated[type_, _OrNothing()]


class _OrNothing:
    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return with_default_schema(handler(source), default=None, on_error="default")


def amount_type(mapping: FieldMapping, sign: Sign) -> Any:
    """The type of an amount: in major units, and below zero where its sign says that it is no stake."""
    scale, places = mapping.amount_scale, mapping.amount_places

    def stake(value: Any) -> Decimal:
        number = money.of_units(_number(value, scale), scale)
        if places is not None:
            number = money.to_places(number, places)
        if sign == "positive":
            return money.amount(number)
        size = money.amount(number.copy_abs())
        return size.copy_negate() if sign == "negative" and number > 0 else size

    return Annotated[Decimal, PlainValidator(stake)]


def _number(value: Any, scale: int) -> Decimal:
    match value:
        case Decimal():
            return value
        case str():
            return money.number(value, scale)
        case _:
            raise ValueError("must be a number, or a decimal number as text")


def time_type(mapping: FieldMapping) -> Any:
    """The type of a time, in the mapping's format."""
    match mapping.time_format:
        case "iso" if mapping.zone:
            return Annotated[datetime, PlainValidator(partial(_iso, mapping.zone))]
        case "seconds":
            return Annotated[datetime, PlainValidator(partial(_epoch, "seconds", 6))]
        case "milliseconds":
            return Annotated[datetime, PlainValidator(partial(_epoch, "milliseconds", 3))]
        case _:
            return Timestamp


def _iso(zone: tzinfo, value: Any) -> datetime:
    return timestamp.from_iso(value if isinstance(value, str) else "", zone)


def _epoch(unit: str, digits: int, value: Any) -> datetime:
    match value:
        case Decimal():
            return timestamp.from_epoch(value, digits=digits)
        case str() if _NUMBER.fullmatch(value):
            return timestamp.from_epoch(Decimal(value), digits=digits)
        case _:
            raise ValueError(f"must be a number of {unit} since 1970-01-01 in UTC")
