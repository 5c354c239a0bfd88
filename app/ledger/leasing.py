"""The statements that lease: claim, begin, renew, release, and recover what a dead holder left."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Interval,
    Text,
    Uuid,
    and_,
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

from app.domain.settlement import Status
from app.ledger.tables import contributions, pauses


def is_in(status: Status) -> ColumnElement[bool]:
    """Written into the SQL, not sent beside it: the planner must see it to use a partial index."""
    return contributions.c.status == literal(status.value, Text, literal_execute=True)


_c = contributions.c
_UNDER_TOKENS = _c.lease_token == any_(bindparam("tokens", type_=ARRAY(Uuid)))
_OURS = and_(_c.id == any_(bindparam("ids", type_=ARRAY(Uuid))), _UNDER_TOKENS)  # by the primary key
_UNLEASED: dict[str, Any] = {"lease_token": null(), "leased_until": null(), "unsent": false()}
_LEASED_ANEW = func.now() + bindparam("lease", type_=Interval)
_NEW_STATUS = bindparam("new_status", type_=Text)
_SETTLED_AT = case((_NEW_STATUS.is_distinct_from(Status.PENDING), func.now()))

# SKIP LOCKED, so that dispatchers pass each other by; in a CTE, so that the planner can't run the choice again.
_due = (
    select(_c.id)
    .where(is_in(Status.PENDING), _c.next_attempt_at <= func.now(), ~select(pauses.c.paused).exists())
    .order_by(_c.next_attempt_at)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
    .cte("due")
    .prefix_with("MATERIALIZED")
)
CLAIM = (
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
BEGIN = update(contributions).where(_OURS).values(unsent=false(), leased_until=_LEASED_ANEW).returning(_c.id)
# SKIP LOCKED: who is locked is being settled, and to wait for several of those could be to wait for each other.
_kept = select(_c.id).where(_OURS).with_for_update(skip_locked=True).cte("kept").prefix_with("MATERIALIZED")
RENEW = update(contributions).where(_c.id == _kept.c.id).values(leased_until=_LEASED_ANEW).returning(_c.id)
_unsent = (
    select(_c.id, _c.lease_token)
    .where(is_in(Status.IN_FLIGHT), _UNDER_TOKENS)  # the status for the sake of its index
    .with_for_update()
    .cte("not_sent")
    .prefix_with("MATERIALIZED")
)
RELEASE = (
    update(contributions)
    .where(_c.id == _unsent.c.id)
    .values(status=Status.PENDING, attempt=_c.attempt - 1, **_UNLEASED)
    .returning(_unsent.c.lease_token)
)
_left = (
    select(_c.id, _c.unsent)
    .where(is_in(Status.IN_FLIGHT), _c.leased_until < func.now())
    .limit(1000)
    .with_for_update(skip_locked=True)
    .cte("left_behind")
    .prefix_with("MATERIALIZED")
)
_LEFT_UNSENT = _left.c.unsent
RECOVER = (
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
