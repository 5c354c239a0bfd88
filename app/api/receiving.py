"""Receiving events: overload, size limit → authenticate raw bytes → rate → parse → filter → map → record → 202."""

import time
from collections.abc import Callable, Coroutine, Mapping
from json.encoder import encode_basestring_ascii
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from app.api import openapi, problems, refusing
from app.api.header_fields import header_fields
from app.api.limits import Clock, Door
from app.api.mistakes import foreign_brand, invalid
from app.api.problems import Refusal
from app.api.reading import Reader
from app.api.shortcut import Endpoint
from app.api.state import CROWDED, Services, services
from app.domain import document
from app.domain.feed import Feed, decide
from app.ledger.inbox import Conflict, Duplicate, Recorded
from app.ledger.recording import Decided, Entry


def endpoints(feeds: tuple[Feed, ...], *, body_limit: int, clock: Clock) -> dict[str, Endpoint]:
    """What answers each feed's path. Bodies over `body_limit` bytes, or the feed's own limit, are refused, also while
    they stream in.
    """
    return {_path(feed): _endpoint(feed, feed.limits.body or body_limit, Door(feed, clock)) for feed in feeds}


def router(feeds: tuple[Feed, ...], endpoints: Mapping[str, Endpoint], *, home: str) -> APIRouter:
    """A documented route for each feed."""
    routes = APIRouter(tags=["events"])
    for feed in feeds:
        routes.add_api_route(
            _path(feed),
            _routed(endpoints[_path(feed)]),
            methods=["POST"],
            status_code=202,
            **openapi.receiving(feed, home=home),
        )
    return routes


def _path(feed: Feed) -> str:
    return f"/events/{feed.name}"


def _routed(endpoint: Endpoint) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """The endpoint as FastAPI wants it."""

    async def receive(request: Request) -> Response:
        return await endpoint(request.scope, request.receive)

    return receive


def _endpoint(feed: Feed, body_limit: int, door: Door) -> Endpoint:
    reader = Reader(feed)

    async def receive(scope: Scope, receive: Receive) -> Response:
        scope["feed"] = feed.name
        try:
            return await _received(reader, scope, receive, body_limit, door)
        except Exception as error:  # noqa: BLE001 - as FastAPI does, by the same handler
            return refusing.answer(scope, error)

    return receive


async def _received(reader: Reader, scope: Scope, receive: Receive, body_limit: int, door: Door) -> Response:
    service, feed = services(scope), reader.feed
    if service.drain.draining:
        raise Refusal(problems.DRAINING)
    if service.inbox.full or CROWDED in scope["state"]:
        raise Refusal(problems.OVERLOADED)  # before the body is read: what is refused costs least
    door.check_address(scope)
    headers = header_fields(scope)
    body = scope["body"] = await _read(receive, headers, body_limit)
    fields = door.admit(headers, body)
    _require_json(headers)
    response = await _record(service, feed, _entry(reader, body))
    if fields:
        response.raw_headers.extend(fields)
    return response


async def _read(receive: Receive, headers: Mapping[str, str], limit: int) -> bytes:
    """The raw body. FastAPI's own limit would do, were its answer not plain text."""
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise Refusal(problems.TOO_LARGE)
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise Refusal(problems.TOO_LARGE)
        more = message.get("more_body", False)
    return bytes(body)


def _require_json(headers: Mapping[str, str]) -> None:
    media_type = headers.get("content-type", "")
    if media_type != "application/json" and media_type.partition(";")[0].strip().lower() != "application/json":
        raise Refusal(problems.NOT_JSON, "the header Content-Type: application/json is needed")


def _entry(reader: Reader, body: bytes) -> Entry:
    try:
        read = document.read(body, depth=reader.feed.limits.depth)
    except document.MalformedDocumentError as error:
        raise Refusal(problems.MALFORMED, str(error)) from None
    try:
        event = reader.event(read.fields)
    except ValidationError as error:
        raise invalid(error, reader.places) from None
    if event.key.brand_id not in reader.feed.brands:
        raise foreign_brand(reader.feed, event.key.brand_id)
    return Entry(key=event.key, fingerprint=read.fingerprint, payload=read.text, decision=decide(reader.feed, event))


async def _record(service: Services, feed: Feed, entry: Entry) -> Response:
    metrics, key = service.metrics, entry.key
    began = time.perf_counter()
    outcome = await service.inbox.record(entry)
    metrics.record_seconds.observe(time.perf_counter() - began)
    match outcome:
        case Recorded(decided):
            if decided.ignored:
                metrics.child(metrics.events_ignored, feed.name, decided.ignored).inc()
            else:
                metrics.child(metrics.events_accepted, feed.name).inc()
            _log(service, "api.event_recorded", entry, ignored=decided.ignored, contributions=decided.contributions)
            return _answer(key.event_id, decided)
        case Duplicate(decided):
            metrics.events_duplicate.labels(feed.name).inc()
            _log(service, "api.event_replayed", entry)
            return _answer(key.event_id, decided, replayed=True)
        case Conflict():
            metrics.events_conflict.labels(feed.name).inc()
            _log(service, "api.event_conflicted", entry)
            return problems.response(
                Refusal(problems.CONFLICT, "the event that was recorded first stands"), service.home
            )


def _answer(event_id: str, decided: Decided, *, replayed: bool = False) -> Response:
    """Made of what the ledger keeps, so that a duplicate is given the first answer byte for byte."""
    outcome = f'"ignored", "reason": "{decided.ignored}"' if decided.ignored else _ACCEPTED % decided.contributions
    body = f'{{"event_id": {encode_basestring_ascii(event_id)}, "status": {outcome}}}'
    return Answer(body.encode("ascii"), _REPLAYED if replayed else ())


class Answer(Response):
    """A 202 in JSON; put together without what Starlette does for any response."""

    def __init__(self, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self.status_code = 202
        self.body = body
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json"), *headers]


_ACCEPTED = '"accepted", "contributions": %d'
_REPLAYED = ((b"idempotent-replayed", b"true"),)


def _log(service: Services, event: str, entry: Entry, **fields: Any) -> None:
    key = entry.key
    service.log.info(event, feed=key.feed, brand_id=key.brand_id, event_id=key.event_id, **fields)
