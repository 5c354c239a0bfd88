"""How a feed's route for batches is documented: what it takes and what it answers."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api import openapi, payload
from app.api.problems import ProblemDetails
from app.domain.batch import Keys
from app.domain.feed import Feed
from app.domain.filtering import IgnoreReason

_EXAMPLE: dict[str, Any] = {
    "accepted": 1,
    "ignored": 0,
    "skipped": 0,
    "refused": 1,
    "results": [
        {"index": 0, "event_id": "bet-000001", "status": "accepted", "contributions": 1},
        {
            "index": 1,
            "status": "refused",
            "problem": {
                "type": "/problems/invalid-event",
                "title": "The event does not match the schema",
                "status": 422,
                "detail": "1 mistake; see errors",
                "errors": [{"pointer": "/1/amount", "detail": "must not be negative"}],
            },
        },
    ],
}


class BatchResult(BaseModel):
    """What became of one event of a batch."""

    index: int = Field(ge=0, description="Its place in the array.")
    status: Literal["accepted", "ignored", "skipped", "refused"] = Field(
        description="`accepted` and `ignored` as if it had come alone. `skipped` is another feed's, and "
        "`refused` has to be mended: neither is recorded."
    )
    event_id: str | None = Field(None, description="Where it is recorded.")
    contributions: int | None = Field(None, ge=1, description="Where it is accepted.")
    reason: IgnoreReason | None = Field(None, description="Where it is ignored.")
    replayed: bool | None = Field(None, description="`true` where it was recorded before.")
    problem: ProblemDetails | None = Field(None, description="Where it is refused; pointers are into the whole body.")


class BatchAnswer(BaseModel):
    """What became of a batch: how many events had each status, and the result of every one, in their order."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    accepted: int
    ignored: int
    skipped: int
    refused: int
    results: list[BatchResult]


def batch(feed: Feed, *, home: str) -> dict[str, Any]:
    """What a feed's route for batches says of itself."""
    return {
        "summary": f"Send events to the feed {feed.name}, many at once",
        "description": "Each event is taken or refused by itself, as if it had come alone. A 200 means that each has "
        "its result; after a 5xx or 429 the whole batch is sent again, which is safe.",
        "operation_id": openapi.operation("batch", feed),
        "response_model": BatchAnswer,
        "response_description": "Every event has its result, and what is accepted is recorded.",
        "responses": openapi.batch_answers(feed, home),
        "openapi_extra": openapi.body_of(feed, _schema(feed), _example(feed)),
    }


def _schema(feed: Feed) -> dict[str, Any]:
    batch = feed.batch
    event: dict[str, Any] = {"type": "object", "description": "An event, but for what it shares with the others."}
    events = {
        "type": "array",
        "maxItems": feed.largest_batch,
        "items": event if batch.shared else openapi.payload_of(feed),
    }
    found = events
    for key in reversed(batch.items):
        found = {"type": "object", "required": [key], "properties": {key: found}}
    return found


def _example(feed: Feed) -> Any:
    batch = feed.batch
    event = payload.example(feed)
    if batch.told_by:
        _put(event, batch.told_by, min(batch.taken))
    shared = {name: event.pop(name) for name in batch.shared if name in event}
    found: Any = [event]
    for key in reversed(batch.items):
        found = {key: found}
    return shared | found if batch.items else found


def _put(event: dict[str, Any], keys: Keys, value: str) -> None:
    for key in keys[:-1]:
        event = event.setdefault(key, {})
        if not isinstance(event, dict):  # a field is in the way, and stays
            return
    event[keys[-1]] = value
