"""CloudEvents 1.0 over HTTP, at the same paths: structured, binary, batched. Their data is the operator's payload."""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from fastapi import Response
from starlette.types import Receive, Scope

from app.api import problems, receiving, refusing
from app.api.arriving import arrived, media_type, require_json
from app.api.batches import answered
from app.api.header_fields import header_fields
from app.api.limits import Door
from app.api.places import Found
from app.api.problems import Refusal
from app.api.reading import Reader
from app.api.shortcut import Endpoint
from app.api.state import services
from app.domain import document
from app.domain.cutting import Piece, members
from app.domain.document import MalformedDocumentError

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"

_REQUIRED = ("specversion", "id", "source", "type")
_OURS = {"event_id": "id", "event_type": "type", "occurred_at": "time"}


def endpoints(readers: Mapping[Reader, Door], *, body_limit: int) -> dict[str, Endpoint]:
    """What answers the paths of feeds that take CloudEvents: these, and what other feeds take."""
    found = dict[str, Endpoint]()
    for reader, door in readers.items():
        if (feed := reader.feed).cloud_events:
            found[f"/events/{feed.name}"] = _endpoint(reader, door, feed.limits.body or body_limit)
    return found


def _endpoint(reader: Reader, door: Door, limit: int) -> Endpoint:
    async def received(scope: Scope, receive: Receive) -> Response:
        is_batch = media_type(header_fields(scope)) == BATCHED
        request = await arrived(scope, receive, door, limit=reader.feed.batch.body if is_batch else limit)
        if is_batch:
            return await answered(reader, door, scope, request, in_batch)
        found = _found(reader, request.headers, request.body)
        try:
            entry = reader.entry(found.document)
        except Refusal as refusal:
            raise found.placed(refusal) from None
        response = await receiving.record(services(scope), entry, found.placed)
        response.raw_headers.extend(request.fields)
        return response

    return refusing.guarded(reader.feed, received)


def _found(reader: Reader, headers: Mapping[str, str], body: bytes) -> Found:
    depth = reader.feed.limits.depth
    try:
        if media_type(headers) == STRUCTURED:
            return _structured(members(document.decoded(body)), "", depth=depth)
        require_json(headers)
        read = document.read(body, depth=depth)
        return _binary(read, headers, depth=depth) if "ce-specversion" in headers else Found(read, "", {})
    except MalformedDocumentError as error:
        raise Refusal(problems.MALFORMED, str(error)) from None


def in_batch(piece: Piece, _shared: Mapping[str, Piece], at: str, depth: int) -> Found:
    """The CloudEvent that is at a place of a batch. Raises MalformedDocumentError, Refusal."""
    return _structured(members(piece.text), at, depth=depth)


def _structured(found: Mapping[str, Piece], at: str, *, depth: int) -> Found:
    attributes = {name: piece.value for name, piece in found.items() if name not in {"data", "data_base64"}}
    errors = [{"pointer": f"{at}/{name}", "detail": detail} for name, detail in _mistakes(attributes)]
    data = found.get("data")
    if data is not None and isinstance(data.value, MalformedDocumentError):
        raise data.value
    if data is None or not isinstance(data.value, dict):
        errors.append({"pointer": f"{at}/data", "detail": "is needed, a JSON object"})
    if errors or data is None:
        raise Refusal(problems.INVALID, "not a CloudEvent 1.0 with an event in it; see errors", errors=errors)
    moved = {f"/{ours}": f"{at}/{theirs}" for ours, theirs in _OURS.items() if ours not in data.value}
    return Found(data.document(_given(attributes), depth=depth), f"{at}/data", moved)


def _binary(read: document.Document, headers: Mapping[str, str], *, depth: int) -> Found:
    attributes = {
        name.removeprefix("ce-"): _decoded(value) for name, value in headers.items() if name.startswith("ce-")
    }
    if wrong := [f"the header ce-{name} {detail}" for name, detail in _mistakes(attributes)]:
        raise Refusal(problems.INVALID, "; ".join(wrong))
    return Found(Piece(read.text.strip(), read.fields).document(_given(attributes), depth=depth), "", {})


def _decoded(value: str) -> str:
    """A header's value: percent-encoded, and perhaps quoted."""
    if len(value) > 1 and value[0] == value[-1] == '"':
        value = re.sub(r"\\(.)", r"\1", value[1:-1])
    return unquote(value)


def _mistakes(attributes: Mapping[str, Any]) -> list[tuple[str, str]]:
    wrong = [(name, "is needed, as text") for name in _REQUIRED if not _is_text(attributes.get(name))]
    if not isinstance(attributes.get("time"), (str, type(None))):
        wrong.append(("time", "must be text"))
    if not wrong and attributes["specversion"] != "1.0":
        wrong.append(("specversion", "must be 1.0"))
    return wrong


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _given(attributes: Mapping[str, Any]) -> dict[str, Piece]:
    """What the attributes say, under our own names, where the data does not. The source is part of the id, as it is of
    what CloudEvents are told apart by; neither can be taken for the other, since there is no space in a URI.
    """
    ours = {name: attributes.get(theirs) for name, theirs in _OURS.items()}
    ours["event_id"] = f"{attributes['source']} {attributes['id']}"
    return {name: Piece(json.dumps(value), value) for name, value in ours.items() if value is not None}
