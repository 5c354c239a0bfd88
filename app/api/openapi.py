"""The API's documentation: OpenAPI from the models that validate, and a /docs page that needs no internet."""

from collections.abc import Iterable
from itertools import groupby
from operator import attrgetter
from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel

from app import __version__
from app.api import payload, problems
from app.api.problems import ProblemDetails, ProblemType
from app.api.schema import SCHEMAS, Accepted, Ignored
from app.api.security import security, security_schemes
from app.domain.feed import Feed

DESCRIPTION = """
Receives an operator's bets and deposits as webhooks, and contributes each once to its jackpots at the ThrillPots
Gateway.

* **202 means recorded.** The event is committed to the database before it is answered; what it owes will be
  contributed.
* **Retries are safe.** The key of an event is its feed, `brand_id` and `event_id`. The same event again is given the
  first answer again, with the header `Idempotent-Replayed: true`; another event under the same key is refused with
  409, unless one of the two is a state that does not count.
* **5xx means: send it again**, after `Retry-After` seconds where the header is given (and so do a 429, for
  the feed's rate or from a proxy in front, and a connection that was closed or refused). Every other 4xx has to be
  mended before it is sent again.
* **The `type` of a refusal leads to a page** that says what it means and what to do. It is an address, relative to that
  of the request where it is only a path. All of them: `/problems`.
* **What became of an event** is told by `GET /events/{feed}/{brand_id}/{event_id}`.
* **Not every event contributes.** One that does not is answered with the reason. It is recorded too, but
  for a state that follows another event under its id.

This page cannot sign requests: `event-processor sign FEED BODY` prints the headers for a body, for use with curl.
"""

_BY_STATUS = attrgetter("status")
_REFUSALS = (  # of events
    problems.MALFORMED,
    problems.UNAUTHENTICATED,
    problems.FORBIDDEN_ADDRESS,
    problems.FOREIGN_BRAND,
    problems.CONFLICT,
    problems.TOO_LARGE,
    problems.NOT_JSON,
    problems.INVALID,
    problems.FAILED,
    problems.UNAVAILABLE,
    problems.OVERLOADED,
    problems.DRAINING,
)
_REFUSALS_OF_ALL = tuple(
    kind for kind in _REFUSALS if kind not in {problems.FOREIGN_BRAND, problems.CONFLICT, problems.INVALID}
)
_NO_ANSWERS = (  # to questions
    problems.UNAUTHENTICATED,
    problems.FORBIDDEN_ADDRESS,
    problems.UNKNOWN_EVENT,
    problems.FAILED,
    problems.UNAVAILABLE,
    problems.OVERLOADED,
)
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_RATE_LIMIT = {
    "RateLimit-Policy": {
        "description": "The quota, `q` requests at once that come back within `w` seconds.",
        "schema": {"type": "string", "examples": ['"bet";q=200;w=2']},
    },
    "RateLimit": {
        "description": "`r` requests of it are left, and one more is in `t` seconds.",
        "schema": {"type": "string", "examples": ['"bet";r=199;t=1']},
    },
}
_IDS = {
    "brand_id": "The brand's id, percent-encoded, a slash in it too.",
    "event_id": "The event's id, percent-encoded. A slash in it may stand as it is.",
}
_REPLAYED = {
    "Idempotent-Replayed": {
        "description": "`true` when the event was recorded before, and this is its first answer again.",
        "schema": {"type": "string", "const": "true"},
    }
}


def receiving(feed: Feed, *, home: str) -> dict[str, Any]:
    """What a feed's route says of itself. The endpoint reads the raw body, so its schema is given here."""
    return {
        "summary": f"Send an event to the feed {feed.name}",
        "operation_id": operation("receive", feed),
        "response_model": Accepted | Ignored,
        "response_description": "Recorded.",
        "responses": {202: {"headers": _REPLAYED | _quota(feed)}, **_refusals(feed, _REFUSALS, home)},
        "openapi_extra": body_of(feed, payload_of(feed), payload.example(feed)),
    }


def operation(verb: str, feed: Feed) -> str:
    """The id of what can be done with a feed. The verb stands first and is one word, so no two are the same whatever
    feeds are called: `receive_bet_batch` is the feed `bet-batch`, and `batch_bet` a batch.
    """
    return f"{verb}_{feed.name.replace('-', '_')}"


def body_of(feed: Feed, schema: dict[str, Any], example: Any) -> dict[str, Any]:
    """What is posted to a feed, since its endpoints read the raw body."""
    content = {"application/json": {"schema": schema, "example": example}}
    return {"security": security(feed), "requestBody": {"required": True, "content": content}}


def batch_answers(feed: Feed, home: str) -> dict[int, dict[str, Any]]:
    """The answers to a batch. What is refused of it is in a 200."""
    return {200: {"headers": _quota(feed)}, **_refusals(feed, _REFUSALS_OF_ALL, home)}


def asking(feed: Feed, schema: type[BaseModel], *, home: str) -> dict[str, Any]:
    """What a feed's route for questions says of itself. The endpoint reads the ids from the path as it was sent."""
    return {
        "summary": f"Ask what became of an event of the feed {feed.name}",
        "description": "Authenticated as an event is, over an empty body.",
        "operation_id": operation("ask", feed),
        "response_model": schema,
        "response_description": "What was decided, and each contribution as it stands.",
        "responses": {200: {"headers": _quota(feed)}, **_refusals(feed, _NO_ANSWERS, home)},
        "openapi_extra": {
            "security": security(feed),
            "parameters": [
                {"name": name, "in": "path", "required": True, "description": meaning, "schema": {"type": "string"}}
                for name, meaning in _IDS.items()
            ],
        },
    }


def install(app: FastAPI, feeds: tuple[Feed, ...], *, home: str) -> None:
    """Document the app at /openapi.json and /docs, with the assets served from here."""
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_swagger", "resources")]), name="docs-assets")

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            servers: list[dict[str, Any]] = [{"url": home}] if home else []
            app.openapi_schema = _complete(
                get_openapi(
                    title="Event processor",
                    version=__version__,
                    description=DESCRIPTION,
                    routes=app.routes,
                    servers=servers,
                ),
                feeds,
            )
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "").rstrip("/")
        return get_swagger_ui_html(
            openapi_url=f"{root}/openapi.json",
            title="Event processor",
            swagger_js_url=f"{root}/docs/assets/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/assets/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/assets/favicon-32x32.png",
        )


def _quota(feed: Feed) -> dict[str, Any]:
    return _RATE_LIMIT if feed.limits.rate else {}


def _refusals(feed: Feed, kinds: Iterable[ProblemType], home: str) -> dict[int, dict[str, Any]]:
    """By their status. There are too many requests only where the feed has a rate."""
    possible = sorted([*kinds, problems.TOO_MANY] if feed.limits.rate else kinds, key=_BY_STATUS)
    return {status: _documented(list(same), home) for status, same in groupby(possible, _BY_STATUS)}


def _documented(kinds: list[ProblemType], home: str) -> dict[str, Any]:
    """A status: what each problem of it means, and looks like."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    examples = {kind.cause: {"summary": kind.title, "value": _example(kind, home)} for kind in kinds}
    headers = {429: _RETRY_AFTER | _RATE_LIMIT, 503: _RETRY_AFTER}.get(kinds[0].status)
    return {
        "description": ". ".join(kind.title for kind in kinds),
        "content": {problems.MEDIA_TYPE: {"schema": schema, "examples": examples}},
        **({"headers": headers} if headers else {}),
    }


def _example(kind: ProblemType, home: str) -> dict[str, Any]:
    example: dict[str, Any] = {
        "type": problems.reference(kind, home),
        "title": kind.title,
        "status": kind.status,
    }
    if kind is problems.INVALID:
        example["errors"] = [{"pointer": "/amount", "detail": "must not be negative"}]
    return example


def _complete(document: dict[str, Any], feeds: tuple[Feed, ...]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    models = components.setdefault("schemas", {})
    models["ProblemDetails"] = _schema(ProblemDetails, models)
    for feed in feeds:
        models[_name(feed)] = (
            payload.schema(feed.kind, feed.mapping) if feed.mapping else _schema(SCHEMAS[feed.kind], models)
        )
    components["securitySchemes"] = security_schemes(feeds)
    return document


def payload_of(feed: Feed) -> dict[str, Any]:
    """The schema of a feed's payload; what a mapping reads a brand from is described there."""
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{_name(feed)}"}
    return schema if feed.mapping else schema | {"properties": {"brand_id": {"enum": sorted(feed.brands)}}}


def _name(feed: Feed) -> str:
    """The name of the schema of a feed's payload."""
    return f"{feed.name}-payload" if feed.mapping else SCHEMAS[feed.kind].__name__


def _schema(model: type[BaseModel], models: dict[str, Any]) -> dict[str, Any]:
    """The model's schema; those that it refers to go to the others."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    models |= schema.pop("$defs", {})
    return schema
