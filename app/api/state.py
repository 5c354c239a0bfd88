"""What the routes work with: made by the composition root, carried in the lifespan's state."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog
from starlette.types import Scope

from app.api.large_bodies import LargeBodies
from app.api.refusal_log import RefusalLog
from app.api.turns import Turns
from app.domain.event import EventKey
from app.ledger.asking import Known
from app.ledger.health import LedgerState
from app.ledger.inbox import Inbox
from app.ledger.outbox import Backlog
from app.observability.metrics import Metrics

CROWDED = "crowded"  # in a request's state, set by the server: the request came over a connection too many


@dataclass(slots=True)
class Drain:
    """Whether the service is on its way out."""

    draining: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """`home` is where the service is as its callers see it, or empty. `embedded` says that the database is the one for
    development. `dispatcher_state` and `gateway_state` are None in a process without a dispatcher. `comparing` is held
    by whoever compares conflicts.
    """

    inbox: Inbox
    metrics: Metrics
    drain: Drain
    home: str
    refusals: RefusalLog
    large_bodies: LargeBodies
    embedded: bool
    insecure_feeds: list[str]
    ledger_state: Callable[[], Awaitable[LedgerState]]
    backlog: Callable[[], Awaitable[Backlog]]
    known: Callable[[EventKey], Awaitable[Known | None]]
    payloads: Callable[[Sequence[EventKey]], Awaitable[Mapping[EventKey, str]]]
    in_flight: Callable[[], int]
    dispatcher_state: Callable[[], str] | None
    gateway_state: Callable[[], str] | None
    comparing: asyncio.Lock = field(default_factory=asyncio.Lock)
    turns: Turns = field(default_factory=Turns)
    log: Any = field(default_factory=lambda: structlog.get_logger("api").bind())  # bound once, not for each line


def services(scope: Scope) -> Services:
    """The services, from the lifespan's state."""
    found: Services = scope["state"]["services"]
    return found
