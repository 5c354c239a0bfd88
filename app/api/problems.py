"""Every refusal, as RFC 9457 problem details with a stable `type` that leads to its page."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import Response
from pydantic import BaseModel, Field

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 2  # seconds: a hint to senders; the service has no better idea when it will be back


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemType:
    """A kind of refusal. `cause` is its name in `type`, in metrics and in logs, and that of its page in
    docs/problems, unless it has none.
    """

    cause: str
    status: int
    title: str
    has_page: bool = True


NOT_HTTP = ProblemType(cause="malformed-request", status=400, title="The request is not HTTP/1.1")
MALFORMED = ProblemType(cause="malformed-json", status=400, title="The body is not the JSON that is expected here")
# The sender hung up before its request was complete: nobody reads the answer, and nothing was recorded.
DISCONNECTED = ProblemType(cause="disconnected", status=400, title="The request was cut off")
UNAUTHENTICATED = ProblemType(cause="unauthenticated", status=401, title="The request is not authentic")
FORBIDDEN_ADDRESS = ProblemType(
    cause="forbidden-address", status=403, title="This feed takes no requests from this address"
)
FOREIGN_BRAND = ProblemType(cause="unknown-brand", status=403, title="The brand is not one of this feed's")
NOT_FOUND = ProblemType(cause="not-found", status=404, title="There is nothing here")
UNKNOWN_EVENT = ProblemType(cause="unknown-event", status=404, title="There is no such event")
WRONG_METHOD = ProblemType(cause="method-not-allowed", status=405, title="This method is not served here")
CONFLICT = ProblemType(cause="conflict", status=409, title="Another event was recorded under this key")
TOO_LARGE = ProblemType(cause="too-large", status=413, title="The body is too large")
NOT_JSON = ProblemType(cause="not-json", status=415, title="The body's media type is not application/json")
INVALID = ProblemType(cause="invalid-event", status=422, title="The event does not match the schema")
TOO_MANY = ProblemType(cause="too-many-requests", status=429, title="Too many requests to this feed; send it later")
FAILED = ProblemType(cause="internal-error", status=500, title="The service failed; send the event again")
UNAVAILABLE = ProblemType(cause="unavailable", status=503, title="The service cannot record events now; send it again")
OVERLOADED = ProblemType(cause="overloaded", status=503, title="Too much waits to be recorded; send the event later")
DRAINING = ProblemType(cause="draining", status=503, title="The service is stopping; send it again")


class FieldError(BaseModel):
    """One mistake in an event."""

    pointer: str = Field(description="Where in the body, as a JSON pointer (RFC 6901).")
    detail: str = Field(description="What was expected there.")


class ProblemDetails(BaseModel):
    """RFC 9457 problem details."""

    type: str = Field(
        description="Names the problem, and leads to a page on it.", json_schema_extra={"format": "uri-reference"}
    )
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


def reference(kind: ProblemType, home: str) -> str:
    """The `type` of a problem. `home` is where the service is as its callers see it, or empty: then it is the path."""
    return f"{home}/problems/{kind.cause}" if kind.has_page else "about:blank"


def response(refusal: Refusal, home: str) -> Response:
    """The answer that a refusal is, from a service whose `home` is as above."""
    return Response(
        text(refusal, home), status_code=refusal.kind.status, media_type=MEDIA_TYPE, headers=refusal.headers
    )


def text(refusal: Refusal, home: str) -> str:
    """The problem itself, in JSON."""
    kind = refusal.kind
    fields: dict[str, Any] = {"type": reference(kind, home), "title": kind.title, "status": kind.status}
    if refusal.detail:
        fields["detail"] = refusal.detail
    if refusal.errors:
        fields["errors"] = refusal.errors
    return json.dumps(fields)


def _headers(kind: ProblemType) -> dict[str, str]:
    match kind.status:
        case 413:
            return {"Connection": "close"}  # rather than read the rest of it
        case 503:
            headers = {"Retry-After": str(RETRY_AFTER)}
            return headers | {"Connection": "close"} if kind is DRAINING else headers
        case _:
            return {}
