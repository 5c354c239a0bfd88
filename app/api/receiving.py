"""Receiving events: overload, size limit → authenticate raw bytes → parse → filter → map → record → 202."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from app.api import openapi, problems
from app.api.problems import Refusal
from app.api.schema import BetEvent, DepositEvent, event_of
from app.api.shortcut import Endpoint
from app.api.state import CROWDED, Services, services
from app.domain import document
from app.domain.authentication import challenge, refusal
from app.domain.feed import Feed, decide
from app.ledger.inbox import Conflict, Duplicate, Recorded
from app.ledger.recording import Decided, Entry

SCHEMAS: dict[str, type[BetEvent | DepositEvent]] = {"bet": BetEvent, "deposit": DepositEvent}


def endpoints(feeds: tuple[Feed, ...], *, body_limit: int) -> dict[str, Endpoint]:
    """What answers each feed's path. Bodies over `body_limit` bytes are refused, also while they stream in."""
    return {_path(feed): _endpoint(feed, body_limit) for feed in feeds}


def router(feeds: tuple[Feed, ...], endpoints: Mapping[str, Endpoint]) -> APIRouter:
    """A documented route for each feed."""
    routes = APIRouter(tags=["events"])
    for feed in feeds:
        routes.add_api_route(
            _path(feed),
            endpoints[_path(feed)],
            methods=["POST"],
            status_code=202,
            **openapi.receiving(feed, SCHEMAS[feed.kind]),
        )
    return routes


def _path(feed: Feed) -> str:
    return f"/events/{feed.name}"


def _endpoint(feed: Feed, body_limit: int) -> Endpoint:
    async def receive(request: Request) -> Response:
        request.scope["feed"] = feed.name
        service = services(request)
        if service.drain.draining:
            raise Refusal(problems.DRAINING)
        if service.inbox.full or getattr(request.state, CROWDED, False):
            raise Refusal(problems.OVERLOADED)  # before the body is read: what is refused costs least
        body = await _read(request, body_limit)
        if reason := refusal(feed.scheme, request.headers, body, now=datetime.now(UTC)):
            raise Refusal(problems.UNAUTHENTICATED, reason, headers={"WWW-Authenticate": challenge(feed.scheme)})
        _require_json(request)
        return await _record(service, feed, _entry(feed, body))

    return receive


async def _read(request: Request, limit: int) -> bytes:
    """The raw body. FastAPI's own limit would do, were its answer not plain text."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise Refusal(problems.TOO_LARGE)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise Refusal(problems.TOO_LARGE)
    return bytes(body)


def _require_json(request: Request) -> None:
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json":
        raise Refusal(problems.NOT_JSON)


def _entry(feed: Feed, body: bytes) -> Entry:
    try:
        read = document.read(body)
    except document.MalformedDocumentError as error:
        raise Refusal(problems.MALFORMED, str(error)) from None
    try:
        event = event_of(feed, SCHEMAS[feed.kind].model_validate(read.fields))
    except ValidationError as error:
        raise problems.invalid(error) from None
    if event.key.brand_id not in feed.brands:
        raise Refusal(problems.FOREIGN_BRAND, "brand_id is none of the brands configured here")
    return Entry(key=event.key, fingerprint=read.fingerprint, payload=read.text, decision=decide(feed, event))


async def _record(service: Services, feed: Feed, entry: Entry) -> Response:
    metrics, key = service.metrics, entry.key
    with metrics.record_seconds.time():
        outcome = await service.inbox.record(entry)
    match outcome:
        case Recorded(decided):
            if decided.ignored:
                metrics.events_ignored.labels(feed.name, decided.ignored).inc()
            else:
                metrics.events_accepted.labels(feed.name).inc()
            _log(service, "api.event_recorded", entry, ignored=decided.ignored, contributions=decided.contributions)
            return _answer(key.event_id, decided)
        case Duplicate(decided):
            metrics.events_duplicate.labels(feed.name).inc()
            _log(service, "api.event_replayed", entry)
            return _answer(key.event_id, decided, {"Idempotent-Replayed": "true"})
        case Conflict():
            metrics.events_conflict.labels(feed.name).inc()
            _log(service, "api.event_conflicted", entry)
            return problems.response(Refusal(problems.CONFLICT, "the event that was recorded first stands"))


def _answer(event_id: str, decided: Decided, headers: dict[str, str] | None = None) -> Response:
    """Made of what the ledger keeps, so that a duplicate is given the first answer byte for byte."""
    fields: dict[str, Any] = {"event_id": event_id}
    if decided.ignored:
        fields |= {"status": "ignored", "reason": decided.ignored}
    else:
        fields |= {"status": "accepted", "contributions": decided.contributions}
    return Response(json.dumps(fields), status_code=202, media_type="application/json", headers=headers)


def _log(service: Services, event: str, entry: Entry, **fields: Any) -> None:
    key = entry.key
    service.log.info(event, feed=key.feed, brand_id=key.brand_id, event_id=key.event_id, **fields)
