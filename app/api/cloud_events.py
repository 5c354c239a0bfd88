"""CloudEvents 1.0 over HTTP, at the same paths: structured, binary, batched. Their data is the operator's payload."""

from collections.abc import Mapping

from fastapi import Response
from starlette.types import Receive, Scope

from app.api import problems, receiving, refusing
from app.api.arriving import Arrived, arrived, media_type, require_json
from app.api.batches import answered
from app.api.envelopes import Envelopes
from app.api.header_fields import header_fields
from app.api.limits import Door
from app.api.places import Found
from app.api.problems import Refusal
from app.api.reading import Reader
from app.api.shortcut import Endpoint
from app.api.state import services
from app.domain.document import MalformedDocumentError

STRUCTURED = "application/cloudevents+json"
BATCHED = "application/cloudevents-batch+json"


def endpoints(readers: Mapping[Reader, Door], *, body_limit: int) -> dict[str, Endpoint]:
    """What answers the paths of feeds that take CloudEvents: these, and what other feeds take."""
    found = dict[str, Endpoint]()
    for reader, door in readers.items():
        if (feed := reader.feed).cloud_events:
            found[f"/events/{feed.name}"] = _endpoint(reader, door, feed.limits.body or body_limit)
    return found


def _endpoint(reader: Reader, door: Door, limit: int) -> Endpoint:
    envelopes = Envelopes(reader.feed)

    async def received(scope: Scope, receive: Receive) -> Response:
        is_batch = media_type(header_fields(scope)) == BATCHED
        request = await arrived(scope, receive, door, limit=reader.feed.batch.body if is_batch else limit)
        if is_batch:
            return await answered(reader, door, scope, request, envelopes.in_batch, largest=limit)
        found = _found(reader, envelopes, request)
        response = await receiving.record(services(scope), found.read(reader.entry), found.placed)
        response.raw_headers.extend(request.fields)
        return response

    return refusing.guarded(reader.feed, received)


def _found(reader: Reader, envelopes: Envelopes, request: Arrived) -> Found:
    try:
        if media_type(request.headers) == STRUCTURED:
            return envelopes.structured(request.body)
        require_json(request.headers)
        read = reader.parsed(request.body)
        return envelopes.binary(read, request.headers) if "ce-specversion" in request.headers else Found(read, "", {})
    except MalformedDocumentError as error:
        raise Refusal(problems.MALFORMED, str(error)) from None
