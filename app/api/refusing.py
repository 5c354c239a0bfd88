"""Answers whatever went wrong with a request: as a problem, counted and logged."""

from collections.abc import Mapping

from fastapi import FastAPI, Request, Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from app.api import problems
from app.api.arriving import forget
from app.api.problems import ProblemType, Refusal
from app.api.shortcut import Endpoint
from app.api.state import services
from app.domain.feed import Feed
from app.ledger.engine import LedgerUnavailableError
from app.ledger.writer import BacklogFullError

NO_FEED = "(none)"  # what is sent to a path that looks like a feed's
NO_SUCH_FEED = "events are posted to /events/ and the name of a feed, as /docs lists them"
NO_SUCH_PATH = "nothing is at this path: events are posted to /events/ and the name of a feed; /docs lists every path"

_BY_METHOD = {
    "POST": "events are posted to it; a redirect on the way can make a GET of a POST",
    "GET": "it is asked, and no event is posted to it",
}
_OTHERWISE = "see /docs"
_BY_STATUS = {kind.status: kind for kind in (problems.NOT_FOUND, problems.WRONG_METHOD)}


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
            return _refused(scope, error)
        case LedgerUnavailableError():
            log.error("api.ledger_unavailable", error=str(error))
            return _refused(scope, Refusal(problems.UNAVAILABLE))
        case BacklogFullError():
            return _refused(scope, Refusal(problems.OVERLOADED))
        case HTTPException():
            return _refused(scope, _http(scope, error))
        case ClientDisconnect():
            return _refused(scope, Refusal(problems.DISCONNECTED))
        case _:
            log.error("api.failed", error=type(error).__name__, exc_info=error)
            return _refused(scope, Refusal(problems.FAILED))


def _http(scope: Scope, error: HTTPException) -> Refusal:
    status = error.status_code
    kind = _BY_STATUS.get(status) or ProblemType(
        cause=f"http-{status}", status=status, title=error.detail, has_page=False
    )
    return Refusal(kind, _http_detail(scope, kind, error.headers or {}), headers=error.headers)


def _http_detail(scope: Scope, kind: ProblemType, headers: Mapping[str, str]) -> str | None:
    if kind is problems.NOT_FOUND:
        return NO_SUCH_FEED if scope["path"].startswith("/events") else NO_SUCH_PATH
    if kind is problems.WRONG_METHOD and (allowed := headers.get("Allow")):
        return f"this path takes {allowed}: {_BY_METHOD.get(allowed, _OTHERWISE)}"
    return None


def guarded(feed: Feed, work: Endpoint) -> Endpoint:
    """A feed's endpoint whose exceptions are answered."""

    async def receive(scope: Scope, receive: Receive) -> Response:
        scope["feed"] = feed.name
        try:
            return await work(scope, receive)
        except Exception as error:  # noqa: BLE001 - as FastAPI does, by the same handler
            return answer(scope, error)
        finally:
            forget(scope)

    return receive


def note(scope: Scope, refusal: Refusal) -> None:
    """Count and log a refusal."""
    service = services(scope)
    feed = scope.get("feed") or (NO_FEED if scope["path"].startswith("/events/") else None)
    if feed and "asking" in scope:
        service.metrics.events_asked.labels(feed, refusal.kind.cause).inc()
        service.refusals.write("api.question_refused", feed, scope, refusal)
    elif feed:
        service.metrics.events_refused.labels(feed, refusal.kind.cause).inc()
        service.refusals.write("api.event_refused", feed, scope, refusal)


def _refused(scope: Scope, refusal: Refusal) -> Response:
    note(scope, refusal)
    response = problems.response(refusal, services(scope).home)
    if "asking" in scope:  # what is not there may be there soon
        response.headers["cache-control"] = "no-store"
    return response
