"""Health and metrics, for orchestrators and ops."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from app.api.state import services
from app.domain.authentication import Insecure
from app.domain.feed import Feed
from app.ledger.engine import LedgerUnavailableError
from app.observability import metrics


def router(feeds: tuple[Feed, ...]) -> APIRouter:
    """The routes; `feeds` are those served, so that an insecure one is named."""
    routes = APIRouter(tags=["operations"])
    insecure = [feed.name for feed in feeds if isinstance(feed.scheme, Insecure)]

    @routes.get("/health/live", summary="Is the process alive?")
    async def live() -> dict[str, str]:
        """200 as long as the process answers. Restart it when it does not."""
        return {"status": "ok"}

    @routes.get(
        "/health/ready",
        summary="Should events be sent here?",
        response_model=dict[str, Any],
        responses={503: {"description": "Not ready: one of the parts is not, and is named."}},
    )
    async def ready(request: Request) -> Response:
        """200 while events can be recorded durably and the dispatcher makes progress. A Gateway that is down is
        named, but makes no one unready: events are accepted and wait.
        """
        service = services(request)
        ledger = await service.ledger_state()
        parts: dict[str, str] = {"database": ledger.database, "schema": ledger.schema}
        if service.dispatcher_state:
            parts["dispatcher"] = service.dispatcher_state()
        if service.gateway_state:
            parts["gateway"] = service.gateway_state()
        unready = (
            service.drain.draining
            or {parts["database"], parts["schema"]} != {"ok"}
            or parts.get("dispatcher") in {"stalled", "stopped"}
        )
        status = "draining" if service.drain.draining else "not ready" if unready else "ready"
        answer: dict[str, Any] = {"status": status, **parts}
        if insecure:
            answer["insecure_feeds"] = insecure
        return JSONResponse(answer, status_code=503 if unready else 200)

    @routes.get("/metrics", summary="Prometheus metrics", response_class=Response)
    async def scrape(request: Request) -> Response:
        """In the Prometheus text format."""
        service = services(request)
        try:
            backlog = await service.backlog()
        except LedgerUnavailableError:
            pending, oldest_due = float("nan"), float("nan")
        else:
            pending, oldest_due = float(backlog.pending), backlog.oldest_due.total_seconds()
        service.metrics.backlog.set(pending)
        service.metrics.backlog_oldest_due.set(oldest_due)
        if service.gateway_state:
            service.metrics.authenticated.set(service.gateway_state() == "authenticated")
        return Response(service.metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return routes
