"""How the CloudEvents are documented that a feed takes."""

from typing import Any

from app.api import payload
from app.api.batch_documentation import BatchAnswer
from app.api.schema import SCHEMAS
from app.domain.feed import Feed

DESCRIPTION = """
Takes [CloudEvents 1.0](https://cloudevents.io) too, in each mode of their HTTP binding. Structured and batched are told
by their media types. In **binary mode** the body is the event's data as `application/json`, and its attributes are
headers: `ce-specversion`, without which it is no CloudEvent, `ce-id`, `ce-source`, `ce-type` and perhaps `ce-time`.

In every mode `source` and `id` are the id of the event, `type` its type and `time` its time, where these are looked for
under the names of ours and the data has nothing there: so they are needed in a body that is no CloudEvent, and not in
one that is.
"""
_SIGNED = """
Requests are signed, and these headers are not: in binary mode nothing is taken from them, and what is needed has to be
in the body.
"""

_ATTRIBUTES = {
    "specversion": "`1.0`. In binary mode, it says that this is a CloudEvent.",
    "id": "Of the event; unique with its source.",
    "source": "Where the event comes from.",
    "type": "What happened.",
    "time": "When, in RFC 3339.",
}
_FORMS: dict[str, dict[str, Any]] = {
    "specversion": {"type": "string", "pattern": "^1[.]0$"},
    "time": {"type": "string", "format": "date-time"},
}
_TEXT = {"type": "string", "minLength": 1}
_GIVEN = ("event_id", "event_type", "occurred_at")


def with_cloud_events(route: dict[str, Any], feed: Feed) -> dict[str, Any]:
    """What a route says of itself that takes CloudEvents too, in every mode."""
    example = {"specversion": "1.0", "id": "1", "source": "/casino", "type": "bet", "data": payload.example(feed)}
    content = route["openapi_extra"]["requestBody"]["content"]
    content["application/json"]["schema"] = _data(feed)
    content |= {
        "application/cloudevents+json": {"schema": _envelope(feed, "cloud-event"), "example": example},
        "application/cloudevents-batch+json": {
            "schema": {"type": "array", "items": _envelope(feed, "batched-cloud-event")},
            "example": [example],
        },
    }
    route["openapi_extra"]["parameters"] = [
        # Text alone: generators of clients leave a path out that has a header of another form.
        {"name": f"ce-{name}", "in": "header", "required": False, "description": meaning, "schema": _TEXT}
        for name, meaning in _ATTRIBUTES.items()
    ]
    route["responses"][200] = {"model": BatchAnswer, "description": "To a batch: every event has its result."}
    return route | {"description": DESCRIPTION + _SIGNED if feed.scheme.signs else DESCRIPTION}


def _envelope(feed: Feed, title: str) -> dict[str, Any]:
    return {
        "type": "object",
        "title": f"{feed.name}-{title}",
        "description": "A CloudEvent 1.0.",
        "required": ["specversion", "id", "source", "type", "data"],
        "properties": {name: _attribute(name) for name in _ATTRIBUTES} | {"data": _data(feed)},
    }


def _attribute(name: str) -> dict[str, Any]:
    return _FORMS.get(name, _TEXT)


def _data(feed: Feed) -> dict[str, Any]:
    """The schema of what the feed takes, of which an envelope may give some."""
    if feed.mapping:
        schema = payload.schema(feed.kind, feed.mapping)
    else:
        schema = SCHEMAS[feed.kind].model_json_schema()
        schema["properties"]["brand_id"] |= {"enum": sorted(feed.brands)}
        schema["properties"] = {name: _untitled(each) for name, each in schema["properties"].items()}
    needed = [name for name in schema.get("required", ()) if not _is_given(name, feed)]
    return _untitled(schema) | {"required": needed}


def _untitled(schema: dict[str, Any]) -> dict[str, Any]:
    """Generators of clients take two schemas of one title for one."""
    return {name: value for name, value in schema.items() if name != "title"}


def _is_given(name: str, feed: Feed) -> bool:
    """Whether the feed takes it from an envelope: a mapping may look elsewhere, or for a time that is no text. Another
    field may be read under the name too.
    """
    if name not in _GIVEN or feed.mapping is None:
        return name in _GIVEN
    if not any(source.paths == ((name,),) for source in feed.mapping.sources.values()):
        return False
    return name != "occurred_at" or feed.mapping.time_format in {"rfc3339", "iso"}
