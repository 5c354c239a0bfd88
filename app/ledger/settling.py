"""The statement that settles: the outcomes of several calls at once, each by its lease's holder only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    Boolean,
    Integer,
    Interval,
    SmallInteger,
    Text,
    Uuid,
    bindparam,
    case,
    false,
    func,
    null,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.settlement import Settlement, Status
from app.ledger.claim import Claim
from app.ledger.prepared import Prepared
from app.ledger.tables import contributions


@dataclass(frozen=True, slots=True)
class Settled:
    """An outcome to write: what a call came to, and what the Gateway said."""

    claim: Claim
    settlement: Settlement
    gateway_status: int | None
    gateway_response: str


async def settle(connection: AsyncConnection, batch: Sequence[Settled]) -> set[tuple[UUID, UUID]]:
    """Write outcomes and end their leases. Returns the ids and tokens of those that were still ours."""
    return {(row[0], row[1]) for row in await _SETTLE.fetch(connection, parameters(batch))}


def parameters(batch: Sequence[Settled]) -> dict[str, Any]:
    """Those of SETTLE, in the order of the primary key."""
    ordered = sorted(batch, key=lambda settled: settled.claim.id)
    return {
        "ids": [settled.claim.id for settled in ordered],
        "tokens": [settled.claim.lease_token for settled in ordered],
        "statuses": [settled.settlement.status for settled in ordered],
        "delays": [settled.settlement.delay for settled in ordered],
        "doubts": [settled.settlement.doubtful for settled in ordered],
        "attempts": [settled.claim.attempt - (not settled.settlement.spent) for settled in ordered],
        "codes": [settled.gateway_status for settled in ordered],
        "responses": [settled.gateway_response.replace("\0", "\N{REPLACEMENT CHARACTER}") for settled in ordered],
    }


_c = contributions.c
_outcomes = (
    func.unnest(
        bindparam("ids", type_=ARRAY(Uuid)),
        bindparam("tokens", type_=ARRAY(Uuid)),
        bindparam("statuses", type_=ARRAY(Text)),
        bindparam("delays", type_=ARRAY(Interval)),
        bindparam("doubts", type_=ARRAY(Boolean)),
        bindparam("attempts", type_=ARRAY(Integer)),
        bindparam("codes", type_=ARRAY(SmallInteger)),
        bindparam("responses", type_=ARRAY(Text)),
    )
    .table_valued("id", "token", "status", "delay", "doubtful", "attempt", "code", "response")
    .render_derived()
)
SETTLE = (
    update(contributions)
    .where(_c.id == _outcomes.c.id, _c.lease_token == _outcomes.c.token)
    .values(
        status=_outcomes.c.status,
        attempt=_outcomes.c.attempt,
        doubtful=_outcomes.c.doubtful,
        next_attempt_at=func.now() + _outcomes.c.delay,
        settled_at=case((_outcomes.c.status != Status.PENDING.value, func.now())),
        gateway_status=_outcomes.c.code,
        gateway_response=_outcomes.c.response,
        lease_token=null(),
        leased_until=null(),
        unsent=false(),
    )
    .returning(_outcomes.c.id, _outcomes.c.token)  # one may have been ours, and be ours again
)
_SETTLE = Prepared(SETTLE)
STATUS = select(_c.status).where(_c.id == bindparam("claim_id", type_=Uuid))
