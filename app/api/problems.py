"""Every refusal, as RFC 9457 problem details with a stable `type`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Scope

from app.api.state import services
from app.ledger.engine import LedgerUnavailableError
from app.ledger.writer import BacklogFullError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2  # seconds: a hint to senders; the service has no better idea when it will be back
ERRORS_LISTED = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A kind of refusal. `cause` is its name in `type`, in metrics and in logs."""

    cause: str
    status: int
    title: str


NOT_HTTP = ProblemType(cause="malformed-request", status=400, title="The request is not HTTP/1.1")
MALFORMED = ProblemType(cause="malformed-json", status=400, title="The body is not one JSON object")
UNAUTHENTICATED = ProblemType(cause="unauthenticated", status=401, title="The request is not authentic")
FOREIGN_BRAND = ProblemType(cause="unknown-brand", status=403, title="The brand is not one of this feed's")
NOT_FOUND = ProblemType(cause="not-found", status=404, title="There is nothing here")
WRONG_METHOD = ProblemType(cause="method-not-allowed", status=405, title="This method is not served here")
CONFLICT = ProblemType(cause="conflict", status=409, title="Another event was recorded under this key")
TOO_LARGE = ProblemType(cause="too-large", status=413, title="The body is too large")
NOT_JSON = ProblemType(cause="not-json", status=415, title="The body's media type is not application/json")
INVALID = ProblemType(cause="invalid-event", status=422, title="The event does not match the schema")
FAILED = ProblemType(cause="internal-error", status=500, title="The service failed; send the event again")
UNAVAILABLE = ProblemType(cause="unavailable", status=503, title="The service cannot record events now; send it again")
OVERLOADED = ProblemType(cause="overloaded", status=503, title="Too much waits to be recorded; send the event later")
DRAINING = ProblemType(cause="draining", status=503, title="The service is stopping; send it again")
# The sender hung up before its request was complete: nobody reads the answer, and nothing was recorded.
DISCONNECTED = ProblemType(cause="disconnected", status=400, title="The request was cut off")

_BY_STATUS = {kind.status: kind for kind in (NOT_FOUND, WRONG_METHOD)}


class FieldError(BaseModel):
    """One mistake in an event."""

    pointer: str = Field(description="Where in the body, as a JSON pointer (RFC 6901).")
    detail: str


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str | None = None
    errors: list[FieldError] | None = None


class Refusal(Exception):  # noqa: N818 - a refusal is the answer, not an error of ours
    """Refuse the request. `detail` and `errors` are told to the sender; they echo nothing that it sent."""

    def __init__(
        self,
        kind: ProblemType,
        detail: str | None = None,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(kind.cause)
        self.kind = kind
        self.detail = detail
        self.errors = errors
        self.headers = {**_headers(kind), **(headers or {})}


def invalid(error: ValidationError) -> Refusal:
    """The refusal for an event that failed its schema: each mistake with its JSON pointer."""
    errors = [
        {"pointer": _pointer(item["loc"]), "detail": item["msg"].removeprefix("Value error, ")}
        for item in error.errors(include_url=False, include_input=False, include_context=False)
    ]
    return Refusal(INVALID, f"{len(errors)} mistake(s); see errors", errors=errors[:ERRORS_LISTED])


def response(refusal: Refusal) -> Response:
    """The answer that a refusal is."""
    kind = refusal.kind
    fields: dict[str, Any] = {
        "type": f"urn:event-processor:problem:{kind.cause}",
        "title": kind.title,
        "status": kind.status,
    }
    if refusal.detail:
        fields["detail"] = refusal.detail
    if refusal.errors:
        fields["errors"] = refusal.errors
    return Response(json.dumps(fields), status_code=kind.status, media_type=MEDIA_TYPE, headers=refusal.headers)


def install(app: FastAPI) -> None:
    """Answer every exception as a problem."""
    for kind in (Refusal, LedgerUnavailableError, BacklogFullError, HTTPException, ClientDisconnect, Exception):
        app.exception_handler(kind)(_answer)


async def _answer(request: Request, error: Exception) -> Response:
    return answer(request.scope, error)


def answer(scope: Scope, error: Exception) -> Response:
    """What an exception comes to for whoever sent the request; counted and logged."""
    log = services(scope).log
    match error:
        case Refusal():
            return _count(scope, error)
        case LedgerUnavailableError():
            log.error("api.ledger_unavailable", error=str(error))
            return _count(scope, Refusal(UNAVAILABLE))
        case BacklogFullError():
            return _count(scope, Refusal(OVERLOADED))
        case HTTPException():
            return _count(scope, _http(error))
        case ClientDisconnect():
            return _count(scope, Refusal(DISCONNECTED))
        case _:
            log.error("api.failed", error=type(error).__name__, exc_info=error)
            return _count(scope, Refusal(FAILED))


def _headers(kind: ProblemType) -> dict[str, str]:
    match kind.status:
        case 413:
            return {"Connection": "close"}  # rather than read the rest of it
        case 503:
            headers = {"Retry-After": str(RETRY_AFTER)}
            return headers | {"Connection": "close"} if kind is DRAINING else headers
        case _:
            return {}


def _pointer(location: tuple[int | str, ...]) -> str:
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in location)


def _http(error: HTTPException) -> Refusal:
    kind = _BY_STATUS.get(error.status_code)
    if kind is None:
        kind = ProblemType(cause=f"http-{error.status_code}", status=error.status_code, title=error.detail)
    return Refusal(kind, headers=error.headers)


def _count(scope: Scope, refusal: Refusal) -> Response:
    if feed := scope.get("feed"):
        services(scope).metrics.events_refused.labels(feed, refusal.kind.cause).inc()
        services(scope).log.info("api.event_refused", feed=feed, cause=refusal.kind.cause, detail=refusal.detail)
    return response(refusal)
