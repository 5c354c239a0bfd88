"""CloudEvents, opened: their data is the operator's payload, with what it lacks of the envelope."""

import json
import re
from collections.abc import Mapping
from typing import Any, TypeGuard
from urllib.parse import unquote

from app.api import problems
from app.api.places import Found
from app.api.problems import Refusal
from app.domain.cutting import Piece, members
from app.domain.document import Document, MalformedDocumentError, decoded
from app.domain.feed import Feed

_REQUIRED = ("specversion", "id", "source", "type")
_OURS = {"event_id": "id", "event_type": "type", "occurred_at": "time"}


class Envelopes:
    """Opens a feed's. An attribute is taken only where the feed reads what is at our own name for it, and the data has
    nothing there: what is taken is compared, so what nobody reads must be free to change.
    """

    def __init__(self, feed: Feed) -> None:
        self._signed = feed.scheme.signs
        self._depth = feed.limits.depth
        self._names = {ours: theirs for ours, theirs in _OURS.items() if _is_read(feed, ours)}

    def structured(self, body: bytes) -> Found:
        """The event in a body. Raises MalformedDocumentError, Refusal."""
        return self._opened(decoded(body), "")

    def in_batch(self, piece: Piece, _shared: Mapping[str, Piece], at: str, _depth: int) -> Found:
        """The event at a place of a batch. Raises MalformedDocumentError, Refusal."""
        return self._opened(piece.text, at)

    def binary(self, read: Document, headers: Mapping[str, str]) -> Found:
        """The event that is the body, with its envelope in headers. Raises MalformedDocumentError, Refusal."""
        attributes = {
            name.removeprefix("ce-"): _decoded(value) for name, value in headers.items() if name.startswith("ce-")
        }
        if wrong := [f"the header ce-{name} {detail}" for name, detail in _mistakes(attributes)]:
            raise Refusal(problems.INVALID, "; ".join(wrong))
        given = self._given(attributes)
        if self._signed:
            _require_none({name: self._names[name] for name in given if name not in read.fields})
        body = Piece(read.text.strip(), read.fields)
        beside = {f"/{ours}": f"ce-{theirs}" for ours, theirs in self._names.items() if ours not in read.fields}
        return Found(body.document(given, depth=self._depth), "", {}, beside)

    def _opened(self, text: str, at: str) -> Found:
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
        moved = {f"/{ours}": f"{at}/{theirs}" for ours, theirs in self._names.items() if ours not in data.value}
        return Found(data.document(self._given(attributes), depth=self._depth), f"{at}/data", moved)

    def _given(self, attributes: Mapping[str, Any]) -> dict[str, Piece]:
        """What the attributes say, under our own names. The source is part of the id, as it is of what CloudEvents are
        told apart by; neither can be taken for the other, since there is no space in the source.
        """
        ours = {name: attributes.get(theirs) for name, theirs in self._names.items()}
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


def _is_read(feed: Feed, name: str) -> bool:
    """Whether the feed looks at what is at the top of an event under this name."""
    if feed.mapping is None:
        return True
    paths = {path for source in feed.mapping.sources.values() for path in source.paths}
    return (name,) in paths | {feed.batch.told_by}


def _decoded(value: str) -> str:
    """A header's value: percent-encoded, and perhaps quoted."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquote(value)


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
