"""The history of one contribution: everything that is kept of it, and what people did to it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.domain.settlement import Status
from app.ledger.engine import unavailable
from app.ledger.tables import contributions, events, interventions


@dataclass(frozen=True, slots=True, kw_only=True)
class Intervention:
    """What a person did, and what it overwrote: a status, or, of its event, why that had been ignored."""

    made_at: datetime
    action: str
    actor: str
    reason: str
    status: Status | None
    gateway_status: int | None
    gateway_response: str | None
    settled_at: datetime | None
    ignored: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """`payload` and `received_at` are the event's, and None where its row is gone. `body`, `payload` and
    `gateway_response` may hold a player's session token.
    """

    id: UUID
    event: EventKey
    received_at: datetime | None
    source_id: str
    status: Status
    attempt: int
    recorded_at: datetime
    next_attempt_at: datetime
    leased_until: datetime | None
    settled_at: datetime | None
    replayed_at: datetime | None
    gateway_status: int | None
    gateway_response: str | None
    body: str
    payload: str | None
    interventions: tuple[Intervention, ...]


async def contribution_history(engine: AsyncEngine, contribution_id: UUID) -> History | None:
    """Everything kept of a contribution; None where there is no such one. Raises LedgerUnavailableError."""
    with unavailable():
        async with engine.begin() as connection:
            row = (await connection.execute(_CONTRIBUTION.where(_c.id == contribution_id))).one_or_none()
            if row is None:
                return None
            done = await connection.execute(_INTERVENTIONS.where(_i.contribution_id == contribution_id))
            fields = dict(row._mapping)  # noqa: SLF001 - its public name, underscored so that no column hides it
            key = EventKey(**{name: fields.pop(name) for name in ("feed", "brand_id", "event_id")})
            return History(
                **fields | {"status": Status(row.status)},
                event=key,
                interventions=tuple(Intervention(**each) for each in done.mappings()),
            )


_c, _e, _i = contributions.c, events.c, interventions.c
_CONTRIBUTION = select(
    *(_c.id, _c.feed, _c.brand_id, _c.event_id, _c.source_id, _c.status, _c.attempt, _c.recorded_at),
    *(_c.next_attempt_at, _c.leased_until, _c.settled_at, _c.replayed_at, _c.gateway_status, _c.gateway_response),
    *(_c.body, _e.payload, _e.received_at),
).select_from(
    contributions.outerjoin(events, and_(_e.feed == _c.feed, _e.brand_id == _c.brand_id, _e.event_id == _c.event_id))
)
_INTERVENTIONS = select(
    *(_i.made_at, _i.action, _i.actor, _i.reason, _i.status, _i.gateway_status, _i.gateway_response, _i.settled_at),
    _i.ignored,
).order_by(_i.id)
