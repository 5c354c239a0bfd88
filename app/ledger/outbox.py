"""The outbox: leases contributions to a dispatcher and writes their outcomes, by the lease's holder only."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Interval,
    Row,
    Text,
    Uuid,
    any_,
    bindparam,
    case,
    false,
    func,
    literal,
    null,
    select,
    true,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.domain.settlement import Settlement, Status
from app.ledger.engine import unavailable
from app.ledger.tables import contributions, pauses


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A contribution leased to us. `attempt` counts the call to come; `age` is the time since it was recorded, or since
    a person had it sent again; `doubtful` says that an earlier call may have been accepted.
    """

    id: UUID
    key: EventKey
    source_id: str
    body: str
    attempt: int
    age: timedelta
    lease_token: UUID
    doubtful: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What holders left behind whose leases ended: `unsent` went back, of the rest nobody knows whether it was sent."""

    unsent: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is pending: how many, and how long the oldest has been due."""

    pending: int
    oldest_due: timedelta


class Outbox:
    """Any number of dispatchers in any number of processes share it. The database's clock is the only one for leases.
    Every method raises LedgerUnavailableError.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def claim(self, limit: int, *, token: UUID, lease: timedelta) -> list[Claim]:
        """Lease up to `limit` contributions that are due, the longest due first; none while forwarding is paused.
        Nothing may be sent before `begin`. After an error they may be leased all the same.
        """
        rows = await self._execute(_CLAIM, limit=limit, lease=lease, token=token)
        return [_claim(row) for row in rows]

    async def begin(self, token: UUID, *, lease: timedelta) -> set[UUID]:
        """Mark what is leased with a token as being sent, and lease it anew; once this has returned it may be sent.
        Returns the ids that are still ours. After an error they may be marked all the same: `release` the token.
        """
        return {row.id for row in await self._execute(_BEGIN, token=token, lease=lease)}

    async def renew(self, tokens: set[UUID], *, lease: timedelta) -> set[UUID]:
        """Lease anew everything leased with these tokens. Returns the ids, which are still ours."""
        return {row.id for row in await self._execute(_RENEW, tokens=list(tokens), lease=lease)}

    async def settle(
        self, claim: Claim, settlement: Settlement, *, gateway_status: int | None, gateway_response: str
    ) -> bool:
        """Write an outcome and end the lease. False when the lease was lost: then nothing was written."""
        rows = await self._execute(
            _SETTLE,
            claim_id=claim.id,
            token=claim.lease_token,
            new_status=settlement.status,
            delay=settlement.delay,
            in_doubt=settlement.doubtful,
            attempts=claim.attempt if settlement.spent else claim.attempt - 1,
            status_code=gateway_status,
            response=gateway_response.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        )
        return bool(rows)

    async def release(self, token: UUID) -> int:
        """Give back everything leased with a token under which nothing was sent. Returns how many."""
        return len(await self._execute(_RELEASE, token=token))

    async def is_settled(self, claim: Claim, settlement: Settlement) -> bool:
        """Whether a contribution stands as a settlement of ours would have it: for a settlement that may have been
        written although it failed.
        """
        rows = await self._execute(_STATUS, claim_id=claim.id)
        return [settlement.status] == [row.status for row in rows]

    async def recover(self, *, deduplicates: bool) -> Recovered:
        """Take over what dead holders left behind: due again where nothing was sent or the Gateway ignores a
        repetition, else unknown.
        """
        rows = await self._execute(_RECOVER, new_status=Status.PENDING if deduplicates else Status.UNKNOWN)
        unsent = sum(row.unsent for row in rows)
        return Recovered(unsent=unsent, sent=len(rows) - unsent)

    async def backlog(self) -> Backlog:
        """Measure the backlog from the index of what is due."""
        (row,) = await self._execute(_BACKLOG)
        return Backlog(pending=row.pending, oldest_due=max(row.oldest_due, timedelta()))

    async def _execute(self, statement: Any, **parameters: Any) -> list[Row[*tuple[Any, ...]]]:
        with unavailable():
            async with self._engine.begin() as connection:
                return list(await connection.execute(statement, parameters))


def _claim(row: Row[*tuple[Any, ...]]) -> Claim:
    return Claim(
        id=row.id,
        key=EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id),
        source_id=row.source_id,
        body=row.body,
        attempt=row.attempt,
        age=row.age,
        lease_token=row.lease_token,
        doubtful=row.doubtful,
    )


def _is(status: Status) -> ColumnElement[bool]:
    """Written into the SQL, not sent beside it: the planner must see it to use a partial index."""
    return contributions.c.status == literal(status.value, Text, literal_execute=True)


_c = contributions.c
_OURS = _c.lease_token == bindparam("token", type_=Uuid)
_UNLEASED: dict[str, Any] = {"lease_token": null(), "leased_until": null(), "unsent": false()}
_LEASED_ANEW = func.now() + bindparam("lease", type_=Interval)
_NEW_STATUS = bindparam("new_status", type_=Text)
_SETTLED_AT = case((_NEW_STATUS.is_distinct_from(Status.PENDING), func.now()))

# SKIP LOCKED, so that dispatchers pass each other by; in a CTE, so that the planner can't run the choice again.
_due = (
    select(_c.id)
    .where(_is(Status.PENDING), _c.next_attempt_at <= func.now(), ~select(pauses.c.paused).exists())
    .order_by(_c.next_attempt_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
    .prefix_with("MATERIALIZED")
)
_CLAIM = (
    update(contributions)
    .where(_c.id == _due.c.id)
    .values(
        status=Status.IN_FLIGHT,
        attempt=_c.attempt + 1,
        lease_token=bindparam("token", type_=Uuid),
        leased_until=_LEASED_ANEW,
        unsent=true(),
    )
    .returning(
        _c.id,
        _c.feed,
        _c.brand_id,
        _c.event_id,
        _c.source_id,
        _c.body,
        _c.attempt,
        _c.lease_token,
        _c.doubtful,
        (func.now() - func.coalesce(_c.replayed_at, _c.recorded_at)).label("age"),
    )
)
_BEGIN = (
    update(contributions)
    .where(_is(Status.IN_FLIGHT), _OURS)  # the status for the sake of its index
    .values(unsent=false(), leased_until=_LEASED_ANEW)
    .returning(_c.id)
)
_RENEW = (
    update(contributions)
    .where(_is(Status.IN_FLIGHT), _c.lease_token == any_(bindparam("tokens", type_=ARRAY(Uuid))))
    .values(leased_until=_LEASED_ANEW)
    .returning(_c.id)
)
_SETTLE = (
    update(contributions)
    .where(_c.id == bindparam("claim_id", type_=Uuid), _OURS)
    .values(
        status=_NEW_STATUS,
        attempt=bindparam("attempts"),
        doubtful=bindparam("in_doubt"),
        next_attempt_at=func.now() + bindparam("delay", type_=Interval),
        settled_at=_SETTLED_AT,
        gateway_status=bindparam("status_code"),
        gateway_response=bindparam("response"),
        **_UNLEASED,
    )
    .returning(_c.id)
)
_RELEASE = (
    update(contributions)
    .where(_is(Status.IN_FLIGHT), _OURS)
    .values(status=Status.PENDING, attempt=_c.attempt - 1, **_UNLEASED)
    .returning(_c.id)
)
_STATUS = select(_c.status).where(_c.id == bindparam("claim_id", type_=Uuid))
_left = (
    select(_c.id, _c.unsent)
    .where(_is(Status.IN_FLIGHT), _c.leased_until < func.now())
    .limit(1000)
    .with_for_update(skip_locked=True)
    .cte("left_behind")
    .prefix_with("MATERIALIZED")
)
_LEFT_UNSENT = _left.c.unsent
_RECOVER = (
    update(contributions)
    .where(_c.id == _left.c.id)
    .values(
        status=case((_LEFT_UNSENT, Status.PENDING), else_=_NEW_STATUS),
        attempt=_c.attempt - case((_LEFT_UNSENT, 1), else_=0),
        doubtful=case((_LEFT_UNSENT, _c.doubtful), else_=true()),
        settled_at=case((_LEFT_UNSENT, null()), else_=_SETTLED_AT),
        gateway_status=case((_LEFT_UNSENT, _c.gateway_status)),
        gateway_response=case(
            (_LEFT_UNSENT, _c.gateway_response), else_="the dispatcher holding the lease did not settle it"
        ),
        **_UNLEASED,
    )
    .returning(_c.id, _LEFT_UNSENT)
)
_BACKLOG = select(
    func.count().label("pending"),
    func.coalesce(func.now() - func.min(_c.next_attempt_at), literal(timedelta(), Interval)).label("oldest_due"),
).where(_is(Status.PENDING))
