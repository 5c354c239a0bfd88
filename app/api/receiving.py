"""Receiving events: authenticate raw bytes → parse → filter → map → record → 202."""

import time
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.types import Receive, Scope

from app.api import conflicts, openapi, outcomes, problems, refusing
from app.api.arriving import arrived, require_json
from app.api.cloud_event_documentation import with_cloud_events
from app.api.limits import Door
from app.api.problems import Refusal
from app.api.reading import Reader
from app.api.shortcut import Endpoint
from app.api.state import Services, services
from app.domain.feed import Feed
from app.ledger.inbox import Conflict, Duplicate, Followed, Recorded
from app.ledger.recording import Decided, Entry

Placing = Callable[[Refusal], Refusal]


def endpoints(readers: Mapping[Reader, Door], *, body_limit: int) -> dict[str, Endpoint]:
    """What answers each feed's path. Bodies over `body_limit` bytes, or the feed's own limit, are refused, also while
    they stream in.
    """
    return {_path(reader.feed): _endpoint(reader, door, body_limit) for reader, door in readers.items()}


def router(feeds: tuple[Feed, ...], endpoints: Mapping[str, Endpoint], *, home: str) -> APIRouter:
    """A documented route for each feed."""
    routes = APIRouter(tags=["events"])
    for feed in feeds:
        routes.add_api_route(
            _path(feed),
            routed(endpoints[_path(feed)]),
            methods=["POST"],
            status_code=202,
            **_documented(feed, home),
        )
    return routes


def _documented(feed: Feed, home: str) -> dict[str, Any]:
    route = openapi.receiving(feed, home=home)
    return with_cloud_events(route, feed) if feed.cloud_events else route


def _path(feed: Feed) -> str:
    return f"/events/{feed.name}"


def routed(endpoint: Endpoint) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    """The endpoint as FastAPI wants it."""

    async def receive(request: Request) -> Response:
        return await endpoint(request.scope, request.receive)

    return receive


def _endpoint(reader: Reader, door: Door, body_limit: int) -> Endpoint:
    feed = reader.feed
    limit = feed.limits.body or body_limit

    async def received(scope: Scope, receive: Receive) -> Response:
        request = await arrived(scope, receive, door, limit=limit)
        require_json(request.headers)
        response = await record(services(scope), reader.posted(request.body))
        if request.fields:
            response.raw_headers.extend(request.fields)
        return response

    return refusing.guarded(feed, received)


async def record(service: Services, entry: Entry, placed: Placing = lambda refusal: refusal) -> Response:
    """Record an event and answer its sender. `placed` gives a refusal of it the places that things have in the body."""
    began = time.perf_counter()
    outcome = await service.inbox.record(entry)
    service.metrics.record_seconds.observe(time.perf_counter() - began)
    answer = outcome if not isinstance(outcome, Conflict) else placed(*await conflicts.refusals(service, [entry]))
    outcomes.note(service, entry, answer)
    match answer:
        case Recorded(decided) | Followed(decided):
            return _answer(entry.key.event_id, decided)
        case Duplicate(decided):
            return _answer(entry.key.event_id, decided, replayed=True)
        case Refusal():
            return problems.response(answer, service.home)


def _answer(event_id: str, decided: Decided, *, replayed: bool = False) -> Response:
    body = f"{{{outcomes.told(event_id, decided)}}}"
    return Answer(202, body.encode("ascii"), _REPLAYED if replayed else ())


class Answer(Response):
    """An answer in JSON; put together without what Starlette does for any response."""

    def __init__(self, status: int, body: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json"), *headers]


_REPLAYED = ((b"idempotent-replayed", b"true"),)
