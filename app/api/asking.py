"""Asking back: a feed's sender is told what became of an event that it sent. Never of another feed's."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote, unquote_to_bytes
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.types import Scope

from app.api import openapi, problems
from app.api.header_fields import header_fields
from app.api.limits import Clock, Door
from app.api.problems import Refusal
from app.api.state import CROWDED, services
from app.domain.event import EventKey
from app.domain.feed import Feed
from app.domain.filtering import IgnoreReason
from app.domain.settlement import Status
from app.ledger.asking import Known, Standing

PRUNED = "pruned"

_EXAMPLE: dict[str, Any] = {
    "feed": "bet",
    "brand_id": "brand1",
    "event_id": "bet-000001",
    "status": "accepted",
    "reason": None,
    "received_at": "2026-11-22T12:00:00.217Z",
    "contributions": [
        {
            "id": "01a20320-a200-87c1-9044-31dee91cf45d",
            "source_id": "book-of-examples",
            "status": "contributed",
            "attempts": 1,
            "gateway_status": 200,
            "next_attempt_at": None,
            "settled_at": "2026-11-22T12:00:00.304Z",
        }
    ],
}


class EventContribution(BaseModel):
    """A contribution that an event owes. Of one that was pruned only the id is known."""

    id: UUID = Field(description="Also the `Idempotency-Key` of the call to the Gateway.")
    source_id: str | None = Field(description="The source at the Gateway.")
    status: Status | Literal["pruned"] = Field(
        description="`pending` and `in_flight` go on by themselves, `unknown` and `expired` by a person. "
        "`contributed`, `declined` and `discarded` are final, and `pruned` was one of these, long ago."
    )
    attempts: int | None = Field(description="Calls to the Gateway that counted.")
    gateway_status: int | None = Field(description="The HTTP status of the Gateway's last answer.")
    next_attempt_at: datetime | None = Field(description="When it is due, where it is pending.")
    settled_at: datetime | None = Field(description="When it was settled.")


class EventState(BaseModel):
    """What became of an event."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    feed: str
    brand_id: str
    event_id: str
    status: Literal["accepted", "ignored"] = Field(description="What its sender was answered.")
    reason: IgnoreReason | None = Field(description="Why it was ignored.")
    received_at: datetime
    contributions: list[EventContribution] = Field(description="One per matching rule; none where it was ignored.")


def router(feeds: tuple[Feed, ...], *, home: str, clock: Clock) -> APIRouter:
    """A documented route for each feed. Questions have a quota of their own, so that they use up no events'."""
    routes = APIRouter(tags=["events"])
    for feed in feeds:
        routes.add_api_route(
            f"/events/{feed.name}/{{brand_id}}/{{event_id:path}}",
            _endpoint(feed, Door(feed, clock)),
            methods=["GET"],
            **openapi.asking(feed, EventState, home=home),
        )
    return routes


def _endpoint(feed: Feed, door: Door) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def ask(request: Request) -> Response:
        scope = request.scope
        scope["feed"], scope["asking"] = feed.name, True
        service = services(scope)
        if CROWDED in scope["state"]:
            raise Refusal(problems.OVERLOADED)
        door.check_address(scope)
        fields = door.admit(header_fields(scope), b"")
        key = _key(feed, scope)
        found = await service.known(key) if key else None
        if key is None or found is None:
            raise Refusal(problems.UNKNOWN_EVENT, "no event of this feed was recorded under this brand_id and event_id")
        service.metrics.events_asked.labels(feed.name, "found").inc()
        response = Response(_state(key, found).model_dump_json(), media_type="application/json")
        response.raw_headers.extend([(b"cache-control", b"no-store"), *fields])
        return response

    return ask


def _key(feed: Feed, scope: Scope) -> EventKey | None:
    """From the path as it was sent, where a slash that belongs to an id is still told from one that ends it. Without
    it, as after a proxy that decoded all of them, the first slash ends the brand's id. None where it is no text.
    """
    sent: bytes = scope.get("raw_path") or quote(scope["path"]).encode()
    _, _, ids = sent.partition(b"?")[0].partition(f"/events/{feed.name}/".encode())
    if not ids:  # whoever encodes what needs none
        ids = quote(scope["path"]).encode().partition(f"/events/{feed.name}/".encode())[2]
    brand_id, _, event_id = ids.partition(b"/")
    try:
        return EventKey(
            feed=feed.name,
            brand_id=unquote_to_bytes(brand_id).decode(),
            event_id=unquote_to_bytes(event_id).decode(),
        )
    except UnicodeDecodeError:
        return None


def _state(key: EventKey, found: Known) -> EventState:
    return EventState(
        feed=key.feed,
        brand_id=key.brand_id,
        event_id=key.event_id,
        status="ignored" if found.ignored else "accepted",
        reason=found.ignored,
        received_at=found.received_at,
        contributions=[_contribution(each, standing) for each, standing in found.contributions.items()],
    )


def _contribution(contribution_id: UUID, standing: Standing | None) -> EventContribution:
    if standing is None:
        nothing = dict.fromkeys(("source_id", "attempts", "gateway_status", "next_attempt_at", "settled_at"))
        return EventContribution(id=contribution_id, status=PRUNED, **nothing)
    return EventContribution(
        id=contribution_id,
        source_id=standing.source_id,
        status=standing.status,
        attempts=standing.attempts,
        gateway_status=standing.gateway_status,
        next_attempt_at=standing.next_attempt_at,
        settled_at=standing.settled_at,
    )
