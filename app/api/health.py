"""Health and metrics, for orchestrators and ops."""

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from app.api.state import Services, services
from app.ledger.engine import LedgerUnavailableError
from app.observability import metrics

router = APIRouter(tags=["operations"])

_PAUSED = {"paused": 1.0, "ok": 0.0, "unknown": float("nan")}


@router.get("/health/live", summary="Is the process alive?")
async def live() -> dict[str, str]:
    """200 as long as the process answers. Restart it when it does not."""
    return {"status": "ok"}


@router.get(
    "/health/ready",
    summary="Should events be sent here?",
    response_model=dict[str, Any],
    responses={503: {"description": "Not ready: one of the parts is not, and is named."}},
)
async def ready(request: Request) -> Response:
    """200 while events can be recorded durably and the dispatcher makes progress. A Gateway that is down, and
    forwarding that is paused, are named, but make no one unready: events are accepted and wait.
    """
    service = services(request.scope)
    parts = await _parts(service)
    sound = parts["database"] == parts["schema"] == "ok" and parts.get("dispatcher") not in {"stalled", "stopped"}
    status = "draining" if service.drain.draining else "ready" if sound else "not ready"
    return JSONResponse(
        {"status": status, **parts, **_warnings(service)}, status_code=200 if status == "ready" else 503
    )


@router.get("/metrics", summary="Prometheus metrics", response_class=Response)
async def scrape(request: Request) -> Response:
    """In the Prometheus text format."""
    service = services(request.scope)
    try:
        backlog = await service.backlog()
    except LedgerUnavailableError:
        pending, oldest_due, paused = float("nan"), float("nan"), float("nan")
    else:
        pending, oldest_due = float(backlog.pending), backlog.oldest_due.total_seconds()
        paused = _PAUSED[(await service.ledger_state()).forwarding]
    service.metrics.paused.set(paused)
    service.metrics.backlog.set(pending)
    service.metrics.backlog_oldest_due.set(oldest_due)
    note(service)
    return Response(service.metrics.exposition(), media_type=metrics.CONTENT_TYPE)


def note(service: Services) -> None:
    """Write into the metrics what is true of this process at the moment, and nobody else can know."""
    service.metrics.workers.set(1)
    service.metrics.unwritten.set(service.inbox.unwritten)
    service.metrics.in_flight.set(service.in_flight())
    if service.gateway_state:
        service.metrics.authenticated.set(service.gateway_state() == "authenticated")


async def _parts(service: Services) -> dict[str, str]:
    ledger = await service.ledger_state()
    parts: dict[str, str] = {"database": ledger.database, "schema": ledger.schema, "forwarding": ledger.forwarding}
    if service.dispatcher_state:
        parts["dispatcher"] = service.dispatcher_state()
    if service.gateway_state:
        parts["gateway"] = service.gateway_state()
    return parts


def _warnings(service: Services) -> dict[str, Any]:
    warnings = {"embedded_database": service.embedded, "insecure_feeds": service.insecure_feeds}
    return {name: value for name, value in warnings.items() if value}
