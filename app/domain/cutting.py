"""A body with many events, cut into documents: each is read as it would be, had it come alone."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.domain.document import Document, MalformedDocumentError, decoded, document, read_value
from app.domain.mapping import pointer

_SPACE = re.compile(r"[ \t\n\r]*")
_TEXT = json.JSONDecoder()
_SKIPPING = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)  # whatever is in it
_TWICE = "an object has the same key twice"


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
            raise self.value
        if not isinstance(self.value, dict):
            raise MalformedDocumentError("not a JSON object")
        added = {name: piece for name, piece in shared.items() if name not in self.value}
        return document(with_fields(added, self.text), {n: p.value for n, p in added.items()} | self.value, depth=depth)


def with_fields(added: Mapping[str, Piece], text: str) -> str:
    """The text of an object, with other fields before its own."""
    if not added:
        return text
    written = ", ".join(f"{json.dumps(name)}: {piece.text}" for name, piece in added.items())
    own = text[1:].lstrip()
    return "{" + written + (", " if own != "}" else "") + own


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
        try:
            end = yield from self._value(self._space(0), self._items)
            self._end(end)
        except json.JSONDecodeError as error:
            raise MalformedDocumentError(f"{error.msg} at line {error.lineno}, column {error.colno}") from None
        except RecursionError:
            raise MalformedDocumentError("nested too deeply") from None

    def _end(self, at: int) -> None:
        if self._space(at) != len(self._text):
            raise json.JSONDecodeError("Extra data", self._text, at)

    def _value(self, at: int, keys: tuple[str, ...]) -> Any:
        return (yield from self._object(at, keys) if keys else self._array(at))

    def _array(self, at: int) -> Any:
        if not self._text.startswith("[", at):
            raise self._no_array()
        at = self._space(at + 1)
        if self._text.startswith("]", at):
            return at + 1
        while True:
            piece, at = self._piece(at)
            yield piece
            at = self._space(at)
            if self._text.startswith("]", at):
                return at + 1
            at = self._behind(",", at)

    def _object(self, at: int, keys: tuple[str, ...]) -> Any:
        """Find the first of the keys, and what is shared; skip the rest."""
        if not self._text.startswith("{", at):
            raise self._no_array()
        is_body, seen = keys is self._items, set[str]()
        at = self._space(at + 1)
        while not self._text.startswith("}", at):
            if seen:
                at = self._behind(",", at)
            name, at = self._name(at)
            if name in seen:
                raise MalformedDocumentError(_TWICE)
            seen.add(name)
            at = self._behind(":", self._space(at))
            if name == keys[0]:
                at = yield from self._value(at, keys[1:])
            else:
                at = self._share(name, at) if is_body and name in self._wanted else _skipped(self._text, at)
            at = self._space(at)
        if keys[0] not in seen:
            raise self._no_array()
        return at + 1

    def _share(self, name: str, at: int) -> int:
        value, end = read_value(self._text, at)
        self.shared[name] = Piece(self._text[at:end], value)
        return end

    def _piece(self, at: int) -> tuple[Piece, int]:
        value: Any
        try:
            value, end = read_value(self._text, at)
        except MalformedDocumentError as error:
            value, end = error, _skipped(self._text, at)
        return Piece(self._text[at:end], value), end

    def _name(self, at: int) -> tuple[str, int]:
        if not self._text.startswith('"', at):
            raise json.JSONDecodeError("Expecting property name enclosed in double quotes", self._text, at)
        return _TEXT.raw_decode(self._text, at)

    def _behind(self, mark: str, at: int) -> int:
        if not self._text.startswith(mark, at):
            raise json.JSONDecodeError(f"Expecting '{mark}' delimiter", self._text, at)
        return self._space(at + 1)

    def _space(self, at: int) -> int:
        """The end of the white space that begins there."""
        found = _SPACE.match(self._text, at)
        return found.end() if found else at

    def _no_array(self) -> MalformedDocumentError:
        return MalformedDocumentError(f"no JSON array at {pointer(self._items)}" if self._items else "not a JSON array")


def _skipped(text: str, at: int) -> int:
    return _SKIPPING.raw_decode(text, at)[1]
