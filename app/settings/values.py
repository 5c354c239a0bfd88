"""The forms that values take in the configuration: durations with a unit, lists from one line of text."""

import json
import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, SecretStr
from pydantic_settings import NoDecode

from app.domain.addresses import network

LONGEST = timedelta(days=3650)
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
    if int(match[1]) > LONGEST // _UNITS[match[2]]:
        raise ValueError(f"must be at most {duration_text(LONGEST)}")
    return int(match[1]) * _UNITS[match[2]]


def duration_text(value: timedelta) -> str:
    """A duration as it is written in the configuration."""
    name, unit = next((name, unit) for name, unit in _UNITS.items() if not value % unit)
    return f"{value // unit}{name}"


def entries(value: Any) -> Any:
    """From a variable or a secrets file: a JSON array, or entries separated by white space."""
    if not isinstance(value, str):
        return value
    if not value.strip():  # a variable that was left unset somewhere, and would switch off what a list is for
        raise ValueError("is empty: leave it out, or write [] for an empty list")
    if value.lstrip().startswith("["):
        return _array(value)
    if "," in value:
        raise ValueError("separate the entries by white space, or write a JSON array")
    return value.split()


def _array(text: str) -> Any:
    try:
        found = json.loads(text)
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("not text: a \\u escape is half of a character") from None
    except (json.JSONDecodeError, RecursionError):
        raise ValueError("not a JSON array, though it begins like one") from None
    return found


def _not_blank(value: str) -> str:
    if not value.strip():
        raise ValueError("must not be blank")
    return value


def _identifier(value: str) -> str:
    if not re.fullmatch(r"[^\x00-\x20\x7f:]{1,100}", value):
        raise ValueError("must be 1 to 100 characters, without white space and colons")
    return value


def _path(value: str) -> str:
    if not re.fullmatch(r"/[!-~]*", value) or "?" in value or "#" in value:
        raise ValueError("must be a path: it begins with / and has no white space, query or fragment")
    return value


def _networks(value: list[str]) -> list[str]:
    for text in value:
        network(text)
    return value


def _some_networks(value: list[str] | None) -> list[str] | None:
    """None lets everybody in, and only what nobody wrote is None: a variable that happens to be empty opens nothing."""
    if value is not None and not value:
        raise ValueError("must not be empty, which would let every address in: leave it out to say so")
    return value if value is None else _networks(value)


def _header(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}", value):
        raise ValueError("must be the name of a header: letters, digits and hyphens")
    return value


def _none_or_header(value: str) -> str:
    return _header(value) if value else value


def not_empty(value: list[Any]) -> list[Any]:
    """The list, if there is anything in it."""
    if not value:
        raise ValueError("must not be empty")
    return value


Duration = Annotated[timedelta, BeforeValidator(_duration), PlainSerializer(duration_text)]
Text = Annotated[str, AfterValidator(_not_blank)]
UrlPath = Annotated[str, AfterValidator(_path)]
Identifier = Annotated[str, AfterValidator(_identifier)]
Identifiers = Annotated[list[Identifier], NoDecode, BeforeValidator(entries)]
Texts = Annotated[list[Text], NoDecode, BeforeValidator(entries)]
HeaderName = Annotated[str, AfterValidator(_header)]
NoneOrHeaderName = Annotated[str, AfterValidator(_none_or_header)]
Networks = Annotated[Texts, AfterValidator(_networks)]
SomeNetworks = Annotated[list[Text] | None, NoDecode, BeforeValidator(entries), AfterValidator(_some_networks)]
Secrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(entries)]
