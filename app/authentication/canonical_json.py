"""The canonical form of a JSON body, over which some platforms sign: sorted keys, no white space."""

import json
from json.encoder import encode_basestring
from typing import Any, Never

MAX_DEPTH = 64
LARGEST_BODY = 64 * 1024  # bytes: some 20 milliseconds at the worst, which everybody waits for, whoever sends it


def canonical(body: bytes) -> bytes | None:
    """The body with its keys sorted by UTF-16 (RFC 8785) and without white space. Each number stays as it is written in
    the body, so that no digit of an amount is anybody's guess. Of no body at all it is empty; of what is no unambiguous
    JSON it is None.
    """
    if not body:
        return b""
    try:
        return _canonical(_DECODER.decode(body.decode("utf-8")), MAX_DEPTH).encode("utf-8")
    except (ValueError, RecursionError):
        return None


class _Number(str):
    """A number's text."""

    __slots__ = ()


def _canonical(value: Any, depth: int) -> str:
    match value:
        case _Number():
            return value
        case str():
            return encode_basestring(value)
        case dict() | list() if depth == 0:
            raise ValueError("nested too deeply")
        case dict():
            members = (f"{encode_basestring(name)}:{_canonical(value[name], depth - 1)}" for name in _sorted(value))
            return "{" + ",".join(members) + "}"
        case list():
            return "[" + ",".join([_canonical(item, depth - 1) for item in value]) + "]"
        case _:
            return json.dumps(value)  # null, true, false


def _sorted(names: dict[str, Any]) -> list[str]:
    return sorted(names, key=lambda name: name.encode("utf-16-be"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):  # which of the two values was signed would depend on the reader
        raise ValueError("the same key twice")
    return members


def _refuse_constant(name: str) -> Never:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    parse_float=_Number, parse_int=_Number, parse_constant=_refuse_constant, object_pairs_hook=_object
)
