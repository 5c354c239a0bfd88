"""A body with many events, cut into documents: each is read as it would be, had it come alone."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.domain.document import Document, MalformedDocumentError, as_object, decoded, document, read_value
from app.domain.mapping import pointer

_SPACE = re.compile(r"[ \t\n\r]*")
_TEXT = json.JSONDecoder()
_SKIPPING = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)  # whatever is in it


@dataclass(frozen=True, slots=True)
class Piece:
    """A value as it stands in a body: its text, and what it is, or why it is nothing unambiguous."""

    text: str
    value: Any

    def document(self, shared: Mapping[str, "Piece"], *, depth: int) -> Document:
        """The event in it, of which `shared` is a part as far as it does not say otherwise itself. Raises
        MalformedDocumentError.
        """
        if isinstance(self.value, MalformedDocumentError):
            raise MalformedDocumentError(*self.value.args)  # another: it will hold on to what it came through
        own = as_object(self.value)
        added = {name: piece for name, piece in shared.items() if name not in own}
        fields = {name: piece.value for name, piece in added.items()} | own
        return document(_with(added, self.text), fields, depth=depth)


class Cutting:
    """Cuts a body. The array is at the keys `items`, or the body itself; `shared` is filled with the values of those of
    its keys that the body has.
    """

    def __init__(self, body: bytes, *, items: tuple[str, ...], shared: tuple[str, ...]) -> None:
        self._text = decoded(body)
        self._items = items
        self._wanted = frozenset(shared)
        self.shared = dict[str, Piece]()

    def pieces(self) -> Iterator[Piece]:
        """The array's, one after the other. Raises MalformedDocumentError, at any of them, when the body is not JSON
        with that array; a value that can be skipped does not make it so.
        """
        with _malformed():
            end = yield from self._value(_space(self._text, 0), self._items)
            _require_end(self._text, end)

    def _value(self, at: int, keys: tuple[str, ...]) -> Any:
        return (yield from self._object(at, keys) if keys else self._array(at))

    def _array(self, at: int) -> Any:
        if not self._text.startswith("[", at):
            raise self._no_array()
        at = _space(self._text, at + 1)
        if self._text.startswith("]", at):
            return at + 1
        while True:
            piece, at = _piece(self._text, at)
            yield piece
            at = _space(self._text, at)
            if self._text.startswith("]", at):
                return at + 1
            at = _behind(self._text, ",", at)

    def _object(self, at: int, keys: tuple[str, ...]) -> Any:
        """Find the first of the keys, and what is shared; skip the rest."""
        if not self._text.startswith("{", at):
            raise self._no_array()
        is_body, seen = keys is self._items, set[str]()
        at = _space(self._text, at + 1)
        while not self._text.startswith("}", at):
            name, at = _next_name(self._text, at, seen)
            if name == keys[0]:
                at = yield from self._value(at, keys[1:])
            elif is_body and name in self._wanted:
                start, (value, at) = at, read_value(self._text, at)
                self.shared[name] = Piece(self._text[start:at], value)
            else:
                at = _skipped(self._text, at)
            at = _space(self._text, at)
        if keys[0] not in seen:
            raise self._no_array()
        return at + 1

    def _no_array(self) -> MalformedDocumentError:
        return MalformedDocumentError(f"no JSON array at {pointer(self._items)}" if self._items else "not a JSON array")


def members(text: str) -> dict[str, Piece]:
    """The members of the object that a text is. Raises MalformedDocumentError."""
    found = dict[str, Piece]()
    with _malformed():
        at = _space(text, 0)
        if not text.startswith("{", at):
            raise MalformedDocumentError("not a JSON object")
        at, seen = _space(text, at + 1), set[str]()
        while not text.startswith("}", at):
            name, at = _next_name(text, at, seen)
            found[name], at = _piece(text, at)
            at = _space(text, at)
        _require_end(text, at + 1)
    return found


@contextmanager
def _malformed() -> Iterator[None]:
    try:
        yield
    except json.JSONDecodeError as error:
        raise MalformedDocumentError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise MalformedDocumentError("nested too deeply") from None


def _piece(text: str, at: int) -> tuple[Piece, int]:
    value: Any
    try:
        value, end = read_value(text, at)
    except MalformedDocumentError as error:
        value, end = MalformedDocumentError(*error.args), _skipped(text, at)
    except RecursionError:
        value, end = MalformedDocumentError("nested too deeply"), _skipped(text, at)
    return Piece(text[at:end], value), end


def _skipped(text: str, at: int) -> int:
    """The end of the value that begins there."""
    try:
        return _SKIPPING.raw_decode(text, at)[1]
    except RecursionError:
        return _skipped_step_by_step(text, at)


def _skipped_step_by_step(text: str, at: int) -> int:
    """For what is nested more deeply than the parser goes: its neighbours are not to suffer from it."""
    closing = list[str]()  # what ends each of the arrays and objects around
    while True:
        if text.startswith(("[", "{"), at):
            closing.append("]" if text[at] == "[" else "}")
            at = _space(text, at + 1)
            is_empty = text.startswith(closing[-1], at)
        else:
            at = _SKIPPING.raw_decode(text, at)[1]
            is_empty = True  # there is nothing in it
        if is_empty:
            at = _closed(text, at, closing)
            if not closing:
                return at
            at = _behind(text, ",", at)
        if closing[-1] == "}":
            _, at = _next_name(text, at, set())


def _closed(text: str, at: int, closing: list[str]) -> int:
    """The end of all that ends there."""
    while closing and text.startswith(closing[-1], at := _space(text, at)):
        closing.pop()
        at += 1
    return at


def _next_name(text: str, at: int, seen: set[str]) -> tuple[str, int]:
    """An object's next name, which is added to those seen, and where its value begins."""
    if seen:
        at = _behind(text, ",", at)
    if not text.startswith('"', at):
        raise json.JSONDecodeError("Expecting property name enclosed in double quotes", text, at)
    name, at = _TEXT.raw_decode(text, at)
    if name in seen:
        raise MalformedDocumentError("an object has the same key twice")
    seen.add(name)
    return name, _behind(text, ":", _space(text, at))


def _behind(text: str, mark: str, at: int) -> int:
    if not text.startswith(mark, at):
        raise json.JSONDecodeError(f"Expecting '{mark}' delimiter", text, at)
    return _space(text, at + 1)


def _space(text: str, at: int) -> int:
    """The end of the white space that begins there."""
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _require_end(text: str, at: int) -> None:
    if _space(text, at) != len(text):
        raise json.JSONDecodeError("Extra data", text, at)


def _with(added: Mapping[str, Piece], text: str) -> str:
    """The text of an object, with other members before its own."""
    if not added:
        return text
    written = ", ".join(f"{json.dumps(name)}: {piece.text}" for name, piece in added.items())
    own = text[1:].lstrip()
    return "{" + written + (", " if own != "}" else "") + own
