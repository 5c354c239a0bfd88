"""The forms that values take in the configuration: durations with a unit, lists from one line of text."""

import json
import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, SecretStr, StringConstraints
from pydantic_settings import NoDecode

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):  # a default
        return value
    match = re.fullmatch(r"(\d{1,9})(ms|s|m|h|d)", value.strip()) if isinstance(value, str) else None
    if match is None or int(match[1]) == 0:
        raise ValueError("a duration is a number above zero and a unit, as text: 500ms, 30s, 5m, 24h, 90d")
    return int(match[1]) * _UNITS[match[2]]


def duration_text(value: timedelta) -> str:
    """A duration as it is written in the configuration."""
    name, unit = next((name, unit) for name, unit in _UNITS.items() if not value % unit)
    return f"{value // unit}{name}"


def _list(value: Any) -> Any:
    """From a variable or a secrets file: a JSON array, or items separated by white space."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("["):
        return value.split()
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        raise ValueError("not a JSON array, though it begins like one") from None


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_text)]
Identifier = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f:]{1,100}$")]
Identifiers = Annotated[list[Identifier], NoDecode, BeforeValidator(_list)]
Texts = Annotated[list[str], NoDecode, BeforeValidator(_list)]
Secrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_list)]
