"""How the CloudEvents are documented that a feed takes."""

from typing import Any

from app.api import payload
from app.api.batch_documentation import BatchAnswer
from app.domain.feed import Feed


def with_cloud_events(route: dict[str, Any], feed: Feed) -> dict[str, Any]:
    """What a route says of itself that takes CloudEvents too, in every mode."""
    attributes: dict[str, Any] = {name: {"type": "string", "minLength": 1} for name in ("id", "source", "type")}
    schema: dict[str, Any] = {
        "type": "object",
        "description": "A CloudEvent 1.0. `source` and `id` are the id of the event, `type` its type, and `time` its "
        "time, unless the data says otherwise.",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": attributes | {"specversion": {"const": "1.0"}, "data": {"type": "object"}},
    }
    example = {"specversion": "1.0", "id": "1", "source": "/casino", "type": "bet", "data": payload.example(feed)}
    route["openapi_extra"]["requestBody"]["content"] |= {
        "application/cloudevents+json": {"schema": schema, "example": example},
        "application/cloudevents-batch+json": {"schema": {"type": "array", "items": schema}, "example": [example]},
    }
    route["responses"][200] = {"model": BatchAnswer, "description": "To a batch: every event has its result."}
    return route
