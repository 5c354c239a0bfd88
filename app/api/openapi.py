"""The API's documentation: OpenAPI from the models that validate, and a /docs page that needs no internet."""

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
from app.api import problems
from app.api.problems import ProblemDetails, ProblemType
from app.api.schema import Accepted, Ignored
from app.domain.authentication import ApiKeys, Insecure, Scheme, StandardWebhooks
from app.domain.feed import Feed

DESCRIPTION = """
Receives an operator's bets and deposits as webhooks, and contributes each once to its jackpots at the ThrillPots
Gateway.

* **202 means recorded.** The event is committed to the database before it is answered; what it owes will be
  contributed.
* **Retries are safe.** The key of an event is its feed, `brand_id` and `event_id`. The same event again is given the
  first answer again, with the header `Idempotent-Replayed: true`; another event under the same key is refused with 409.
* **5xx means: send it again**, after `Retry-After` seconds where the header is given (and so do a 429, from a proxy
  in front, and a connection that was closed or refused). Every other 4xx has to be mended before it is sent again.
* **Not every event contributes.** One that does not is recorded too, and answered with the reason.

This page cannot sign requests: `event-processor sign FEED BODY` prints the headers for a body, for use with curl.
"""

EXAMPLES: dict[str, dict[str, Any]] = {
    "bet": {
        "event_id": "bet-000001",
        "event_type": "BET",
        "brand_id": "brand1",
        "player_id": "player-42",
        "player_country": "MT",
        "player_token": "session-7f3a",
        "game_code": "book-of-examples",
        "provider_id": "studio-one",
        "round_id": "round-9001",
        "amount": 2.50,
        "currency": "EUR",
        "occurred_at": "2026-11-22T12:00:00Z",
    },
    "deposit": {
        "event_id": "deposit-000001",
        "event_type": "DEPOSIT_SUCCESS",
        "brand_id": "brand1",
        "player_id": "player-42",
        "amount": "100.00",
        "currency": "EUR",
        "occurred_at": "2026-11-22T12:00:00Z",
    },
}

_REFUSALS = (  # in the order of their status
    problems.MALFORMED,
    problems.UNAUTHENTICATED,
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
_RETRY_AFTER = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
_REPLAYED = {
    "Idempotent-Replayed": {
        "description": "`true` when the event was recorded before, and this is its first answer again.",
        "schema": {"type": "string", "const": "true"},
    }
}
_SCHEMES: dict[str, dict[str, Any]] = {
    "webhookId": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-id",
        "description": "Standard Webhooks: message id.",
    },
    "webhookTimestamp": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-timestamp",
        "description": "Standard Webhooks: seconds since the epoch.",
    },
    "webhookSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: `v1,` and the base64 of HMAC-SHA256 over `{id}.{timestamp}.{body}`.",
    },
    "apiKey": {"type": "http", "scheme": "bearer", "description": "One of the feed's API keys."},
}


def receiving(feed: Feed, schema: type[BaseModel]) -> dict[str, Any]:
    """What a feed's route says of itself. The endpoint reads the raw body, so its schema is given here."""
    return {
        "summary": f"Send an event to the feed {feed.name}",
        "operation_id": f"receive_{feed.name}",
        "response_model": Accepted | Ignored,
        "response_description": "Recorded.",
        "responses": {202: {"headers": _REPLAYED}, **_refusals()},
        "openapi_extra": {
            "security": _security(feed.scheme),
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "$ref": f"#/components/schemas/{schema.__name__}",
                            "properties": {"brand_id": {"enum": sorted(feed.brands)}},
                        },
                        "example": EXAMPLES[feed.kind] | {"brand_id": min(feed.brands)},
                    }
                },
            },
        },
    }


def install(app: FastAPI, schemas: list[type[BaseModel]]) -> None:
    """Document the app at /openapi.json and /docs, with the assets served from here."""
    app.mount("/docs/assets", StaticFiles(packages=[("fastapi_swagger", "resources")]), name="docs-assets")

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _complete(
                get_openapi(title="Event processor", version=__version__, description=DESCRIPTION, routes=app.routes),
                schemas,
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


def _refusals() -> dict[int, dict[str, Any]]:
    return {status: _documented(list(kinds)) for status, kinds in groupby(_REFUSALS, attrgetter("status"))}


def _documented(kinds: list[ProblemType]) -> dict[str, Any]:
    """A status: what each problem of it means, and looks like."""
    schema = {"$ref": "#/components/schemas/ProblemDetails"}
    examples = {kind.cause: {"summary": kind.title, "value": _example(kind)} for kind in kinds}
    return {
        "description": ". ".join(kind.title for kind in kinds),
        "content": {problems.MEDIA_TYPE: {"schema": schema, "examples": examples}},
        **({"headers": _RETRY_AFTER} if problems.UNAVAILABLE in kinds else {}),
    }


def _example(kind: ProblemType) -> dict[str, Any]:
    example: dict[str, Any] = {
        "type": f"urn:event-processor:problem:{kind.cause}",
        "title": kind.title,
        "status": kind.status,
    }
    if kind is problems.INVALID:
        example["errors"] = [{"pointer": "/amount", "detail": "must not be negative"}]
    return example


def _security(scheme: Scheme) -> list[dict[str, list[str]]]:
    match scheme:
        case StandardWebhooks():
            return [{"webhookId": [], "webhookTimestamp": [], "webhookSignature": []}]
        case ApiKeys():
            return [{"apiKey": []}]
        case Insecure():
            return []


def _complete(document: dict[str, Any], schemas: list[type[BaseModel]]) -> dict[str, Any]:
    components = document.setdefault("components", {})
    models = components.setdefault("schemas", {})
    documented: list[type[BaseModel]] = [*schemas, ProblemDetails]
    for model in documented:
        schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
        models |= schema.pop("$defs", {})
        models[model.__name__] = schema
    components["securitySchemes"] = _SCHEMES
    return document
