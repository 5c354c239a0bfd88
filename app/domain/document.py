"""A request body, read without losing a digit, and the fingerprint by which two bodies are the same."""

import hashlib
import json
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from json.encoder import encode_basestring_ascii
from typing import Any, Never

MAX_DEPTH = 64

_SPACE = " \t\n\r"
_NO_USE = "a number has an exponent beyond any use"


class MalformedDocumentError(ValueError):
    """The body is not one unambiguous JSON object."""


class ArrayError(MalformedDocumentError):
    """It is an array."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A parsed body. Every number in `fields` is a Decimal; `text` is the body itself;
    `fingerprint` is 32 bytes, equal for bodies that differ only in key order, white space or the form of a number.
    """

    text: str
    fields: dict[str, Any]
    fingerprint: bytes


def read(body: bytes, *, depth: int = MAX_DEPTH) -> Document:
    """Parse a body, nested up to `depth` levels. Raises MalformedDocumentError, whose text may be shown to the
    sender.
    """
    text = decoded(body)
    return document(text, fields(text, depth=depth), depth=depth)


def fields(text: str, *, depth: int = MAX_DEPTH) -> dict[str, Any]:
    """What `read` finds in a body, without the fingerprint, which takes ten times as long; that nothing is nested
    deeper than `depth` is seen with it only. Raises MalformedDocumentError.
    """
    try:
        return as_object(_parsed(text))
    except json.JSONDecodeError as error:
        raise MalformedDocumentError(
            f"{_mistake(text) or error.msg} at line {error.lineno}, column {error.colno}"
        ) from None
    except RecursionError:
        raise MalformedDocumentError(f"nested deeper than {depth} levels") from None
    except InvalidOperation:
        raise MalformedDocumentError(_NO_USE) from None


def as_object(value: Any) -> dict[str, Any]:
    """The value, where it is an object. Raises MalformedDocumentError."""
    if isinstance(value, list):
        raise ArrayError("not a JSON object, but an array")
    if not isinstance(value, dict):
        raise MalformedDocumentError("not a JSON object")
    return value


def decoded(body: bytes) -> str:
    """A body as text. Raises MalformedDocumentError."""
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MalformedDocumentError(f"not UTF-8 at byte {error.start}{_instead(body)}") from None


def document(text: str, fields: dict[str, Any], *, depth: int) -> Document:
    """The document that was parsed already. Raises MalformedDocumentError."""
    try:
        canonical = _canonical(fields, depth)
    except RecursionError:
        raise MalformedDocumentError(f"nested deeper than {depth} levels") from None
    return Document(text=text, fields=fields, fingerprint=hashlib.sha256(canonical.encode("ascii")).digest())


def read_value(text: str, at: int) -> tuple[Any, int]:
    """The value that begins there, and where it ends. Raises MalformedDocumentError where it is JSON, and yet nothing
    unambiguous; else as the json module.
    """
    try:
        return _DECODER.raw_decode(text, at)
    except InvalidOperation:
        raise MalformedDocumentError(_NO_USE) from None


def _instead(body: bytes) -> str:
    """What is no UTF-8 probably is, for its sender."""
    if body.startswith(b"\x1f\x8b"):
        return ": it is compressed by gzip, and is read as it comes"
    return ": it is UTF-16" if body.startswith((b"\xff\xfe", b"\xfe\xff")) else ""


def _mistake(text: str) -> str:
    """What the parser has no words for."""
    if not text.strip(_SPACE):
        return "nothing is there,"
    return "a byte order mark, which JSON has not," if text.startswith("\ufeff") else ""


def _parsed(text: str) -> Any:
    """As the decoder's own `decode`, without its regular expressions."""
    value, end = _DECODER.raw_decode(text, len(text) - len(text.lstrip(_SPACE)))
    if end != len(text.rstrip(_SPACE)):
        raise json.JSONDecodeError("Extra data", text, end)
    return value


def _refuse_constant(name: str) -> Never:
    raise MalformedDocumentError(f"{name} is not a JSON number")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) != len(pairs):  # which of the two values would count depends on the reader
        raise MalformedDocumentError("an object has the same key twice")
    return fields


def _canonical(value: Any, depth: int) -> str:
    """The canonical form: sorted keys, no white space, each number as its shortest coefficient and exponent."""
    kind = type(value)
    if kind is str:
        return encode_basestring_ascii(value)
    if kind is Decimal:
        return _number(value)
    if kind is not dict and kind is not list:
        return str(value)  # None, True, False
    if depth == 0:
        raise RecursionError  # as from the parser, for what is deeper still
    if kind is list:
        return "[" + "".join([_canonical(item, depth - 1) + "," for item in value]) + "]"
    names = sorted(value)
    return (
        "{"
        + "".join([f"{encode_basestring_ascii(name)}:{_canonical(value[name], depth - 1)}," for name in names])
        + "}"
    )


def _number(value: Decimal) -> str:
    sign, digits, exponent = value.as_tuple()
    coefficient = "".join(map(str, digits))
    significant = coefficient.rstrip("0")
    if not significant:
        return "0"
    return f"{'-' * sign}{significant}e{int(exponent) + len(coefficient) - len(significant)}"


_DECODER = json.JSONDecoder(
    parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse_constant, object_pairs_hook=_object
)
