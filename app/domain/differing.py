"""Where two payloads differ: places, and what is the matter with each, but nothing of what they hold."""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from itertools import zip_longest
from typing import Any

from app.domain.mapping import Path

_ABSENT = object()


class Deviation(StrEnum):
    """What a place of the second payload is beside the first."""

    OTHER = "was different"
    NEW = "was not there"
    GONE = "was there"


def differing(first: Any, second: Any, at: Path = ()) -> Iterator[tuple[Path, Deviation]]:
    """Each place where the second differs from the first: as deep down as both have an object, or both an array. As
    little matters as for a document's fingerprint. Both are as the document's parser gives them.
    """
    match first, second:
        case dict(), dict():
            yield from _members(first, second, at)
        case list(), list():
            for place, (one, other) in enumerate(zip_longest(first, second, fillvalue=_ABSENT)):
                yield from _pair(one, other, (*at, place))
        case _ if type(first) is not type(second) or first != second:  # True is 1 to Python
            yield at, Deviation.OTHER


def _members(first: Mapping[str, Any], second: Mapping[str, Any], at: Path) -> Iterator[tuple[Path, Deviation]]:
    for name in {**second, **first}:
        yield from _pair(first.get(name, _ABSENT), second.get(name, _ABSENT), (*at, name))


def _pair(first: Any, second: Any, at: Path) -> Iterator[tuple[Path, Deviation]]:
    if first is _ABSENT:
        yield at, Deviation.NEW
    elif second is _ABSENT:
        yield at, Deviation.GONE
    else:
        yield from differing(first, second, at)
