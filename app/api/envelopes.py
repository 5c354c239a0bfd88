"""CloudEvents, opened: their data is the operator's payload, with what it lacks of the envelope."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeGuard
from urllib.parse import unquote

from app.api import problems
from app.api.alternatives import is_there
from app.api.places import Found
from app.api.problems import Refusal
from app.domain.cutting import Piece, members
from app.domain.document import Document, MalformedDocumentError, decoded
from app.domain.feed import Feed
from app.domain.mapping import Path

_REQUIRED = ("specversion", "id", "source", "type")
_ATTRIBUTES = (*_REQUIRED, "time")  # extensions are the sender's own
_OURS = {"event_id": "id", "event_type": "type", "occurred_at": "time"}


class Envelopes:
    """Opens a feed's. An attribute is taken only where the feed reads what is at our own name for it, and the data has
    nothing there, or at a place that is looked at before: what is taken is compared, so what nobody reads must be free
    to change.
    """

    def __init__(self, feed: Feed) -> None:
        self._signed = feed.scheme.signs
        self._depth = feed.limits.depth
        self._before = {ours: _before(feed, ours) for ours in _OURS}
        self._telling = {ours: theirs for ours, theirs in _OURS.items() if (ours,) == feed.batch.told_by}

    def structured(self, body: bytes) -> Found:
        """The event in a body. Raises MalformedDocumentError, Refusal."""
        data, attributes = _opened(decoded(body), "")
        return self._found(data, attributes, self._taken(data.value), "")

    def in_batch(self, piece: Piece, _shared: Mapping[str, Piece], at: str, _depth: int) -> Found:
        """The event at a place of a batch. Raises MalformedDocumentError, Refusal."""
        data, attributes = _opened(piece.text, at)
        taken = self._taken(data.value)
        found = self._found(data, attributes, taken, at)
        telling = {ours: theirs for ours, theirs in self._telling.items() if ours not in {*data.value, *taken}}
        return replace(found, told=self._found(data, attributes, taken | telling, at)) if telling else found

    def binary(self, read: Document, headers: Mapping[str, str]) -> Found:
        """The event that is the body, with its envelope in headers. Raises MalformedDocumentError, Refusal."""
        attributes = {
            name: _decoded(f"ce-{name}", headers[f"ce-{name}"]) for name in _ATTRIBUTES if f"ce-{name}" in headers
        }
        if wrong := [f"the header ce-{name} {detail}" for name, detail in _mistakes(attributes)]:
            raise Refusal(problems.INVALID, "; ".join(wrong))
        taken = self._taken(read.fields)
        given = _given(attributes, taken)
        if self._signed:
            _require_none({name: taken[name] for name in given})
        body = Piece(read.text.strip(), read.fields)
        beside = {f"/{ours}": f"ce-{theirs}" for ours, theirs in taken.items()}
        return Found(body.document(given, depth=self._depth), "", {}, beside)

    def _taken(self, data: dict[str, Any]) -> dict[str, str]:
        """The attributes to take beside this data, by our own names."""
        return {ours: theirs for ours, theirs in _OURS.items() if ours not in data and self._is_read(ours, data)}

    def _is_read(self, name: str, data: dict[str, Any]) -> bool:
        return any(not any(is_there(data, path) for path in paths) for paths in self._before[name])

    def _found(self, data: Piece, attributes: Mapping[str, Any], taken: Mapping[str, str], at: str) -> Found:
        moved = {f"/{ours}": f"{at}/{theirs}" for ours, theirs in taken.items()}
        return Found(data.document(_given(attributes, taken), depth=self._depth), f"{at}/data", moved)


def _opened(text: str, at: str) -> tuple[Piece, dict[str, Any]]:
    """The data of an event, an object, and its attributes. Raises MalformedDocumentError, Refusal."""
    found = members(text)
    attributes = {name: piece.value for name, piece in found.items() if name not in {"data", "data_base64"}}
    errors = [{"pointer": f"{at}/{name}", "detail": detail} for name, detail in _mistakes(attributes)]
    data = found.get("data")
    if data is not None and isinstance(data.value, MalformedDocumentError):
        raise data.value
    if data is None or not isinstance(data.value, dict):
        errors.append({"pointer": f"{at}/data", "detail": "is needed, a JSON object"})
    if errors or data is None:
        raise Refusal(problems.INVALID, "not a CloudEvent 1.0 with an event in it; see errors", errors=errors)
    return data, attributes


def _given(attributes: Mapping[str, Any], taken: Mapping[str, str]) -> dict[str, Piece]:
    """What the attributes say, under our own names. The source is part of the id, as it is of what CloudEvents are told
    apart by; neither can be taken for the other, since there is no space in the source.
    """
    ours = {name: attributes.get(theirs) for name, theirs in taken.items()}
    if "event_id" in ours:
        ours["event_id"] = f"{attributes['source']} {attributes['id']}"
    return {name: Piece(json.dumps(value), value) for name, value in ours.items() if value is not None}


def _require_none(unsigned: Mapping[str, str]) -> None:
    """Refuse what would be taken from headers beside a signed body: the same signature fits any. Raises Refusal."""
    if unsigned:
        errors = [
            {"pointer": f"/{ours}", "detail": f"is needed in the body: the header ce-{theirs} is not signed"}
            for ours, theirs in unsigned.items()
        ]
        raise Refusal(problems.INVALID, "the signature is over the body and no header ce-…; see errors", errors=errors)


def _before(feed: Feed, name: str) -> list[tuple[Path, ...]]:
    """Of each field that is read at the top of an event under this name, the places that are looked at before."""
    if feed.mapping is None:
        return [()]
    top = (name,)
    read = [source.paths for source in feed.mapping.sources.values() if top in source.paths]
    return [paths[: paths.index(top)] for paths in read]


def _decoded(name: str, value: str) -> str:
    """A header's value: percent-encoded, and perhaps quoted. Raises Refusal."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    try:
        return unquote(value, errors="strict")
    except UnicodeDecodeError:
        raise Refusal(problems.INVALID, f"the header {name} is not UTF-8, percent-encoded") from None


def _mistakes(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    wrong = [(name, "is needed, as text") for name in _REQUIRED if not _is_text(attributes.get(name))]
    if _is_text(source := attributes.get("source")) and source.split() != [source]:
        wrong.append(("source", "must be a URI reference, which has no white space in it"))
    if not isinstance(attributes.get("time"), (str, type(None))):
        wrong.append(("time", "must be text"))
    if not wrong and attributes["specversion"] != "1.0":
        wrong.append(("specversion", "must be 1.0"))
    return wrong


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and value != ""
