"""The two statements that record: one writes events with what they owe, the other finds what was recorded first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    Boolean,
    Executable,
    FromClause,
    Interval,
    LargeBinary,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    insert,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.event import EventKey
from app.domain.feed import Decision
from app.domain.filtering import IgnoreReason
from app.domain.settlement import Status
from app.ledger.handover import Reservation
from app.ledger.keys import KEY, key_columns, key_of, key_parameters, same_key, sent, texts
from app.ledger.owing import owed_parameters
from app.ledger.prepared import Prepared
from app.ledger.tables import contributions, events, pauses


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """An event to record. `fingerprint` is 32 bytes; `payload` is the body as it was sent."""

    key: EventKey
    fingerprint: bytes
    payload: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What was decided when the event was first recorded, and so the answer to give."""

    contributions: int
    ignored: IgnoreReason | None


@dataclass(frozen=True, slots=True, kw_only=True)
class First:
    """What the ledger has of the event that was recorded first under a key."""

    fingerprint: bytes
    decided: Decided


@dataclass(frozen=True, slots=True, kw_only=True)
class Inserted:
    """The keys that were new, and whether what was reserved for is leased: it is not while forwarding is paused."""

    keys: set[EventKey]
    leased: bool


async def insert_new(connection: AsyncConnection, entries: Sequence[Entry], reservation: Reservation) -> Inserted:
    """Insert events whose keys differ, with what they owe; lease as much of that as is reserved, from the first on."""
    rows = await _INSERT.fetch(connection, _parameters(entries, reservation))
    keys = {EventKey(feed=feed, brand_id=brand_id, event_id=event_id) for feed, brand_id, event_id, _ in rows}
    return Inserted(keys=keys, leased=bool(rows) and rows[0][3])


async def find_first(connection: AsyncConnection, keys: Iterable[EventKey]) -> dict[EventKey, First]:
    """What was recorded under these keys."""
    if not (wanted := list(keys)):
        return {}
    found = {}
    for row in await connection.execute(FIND, key_parameters(wanted)):
        ignored = IgnoreReason(row.ignored) if row.ignored else None
        decided = Decided(contributions=len(row.contribution_ids), ignored=ignored)
        found[key_of(row)] = First(fingerprint=row.fingerprint, decided=decided)
    return found


def _parameters(entries: Sequence[Entry], reservation: Reservation) -> dict[str, Any]:
    owed = owed_parameters([entry.decision.contributions for entry in entries])
    return {
        **key_parameters([entry.key for entry in entries]),
        **owed,
        "fingerprints": [entry.fingerprint for entry in entries],
        "ignored": [entry.decision.ignored for entry in entries],
        "payloads": [entry.payload for entry in entries],
        "reserved": [number < reservation.slots for number in range(len(owed["ids"]))],
        "token": reservation.token,
        "lease": reservation.lease,
    }


def _insert_both() -> Executable:
    """One statement, so one commit: the events, and of those that were new, what they owe."""
    given = sent(
        fingerprint=bindparam("fingerprints", type_=ARRAY(LargeBinary)),
        ignored=texts("ignored"),
        contribution_ids=texts("id_lists"),
        payload=texts("payloads"),
    )
    ids = cast(given.c.contribution_ids, ARRAY(Uuid)).label("ids")
    # In the order of their keys: two who insert the same events in different orders wait for each other forever.
    rows = select(*key_columns(given), given.c.fingerprint, given.c.ignored, ids, given.c.payload).order_by(
        *key_columns(given)
    )
    columns = [*KEY, "fingerprint", "ignored", "contribution_ids", "payload"]
    inserted = insert_or_skip(events).from_select(columns, rows).on_conflict_do_nothing()
    new = inserted.returning(*key_columns(events), events.c.contribution_ids).cte("new")
    outbox = insert(contributions).from_select([*KEY, *_OWED], _owed_by(new))
    return select(*key_columns(new), _FORWARDING.label("leases")).add_cte(outbox.cte("owed"))


def _owed_by(new: FromClause) -> Any:
    """What new events owe, leased as far as there is room for it and forwarding is not paused."""
    owed = (
        func.unnest(
            bindparam("ids", type_=ARRAY(Uuid)),
            texts("source_ids"),
            texts("bodies"),
            bindparam("reserved", type_=ARRAY(Boolean)),
        )
        .table_valued("id", "source_id", "body", "reserved")
        .render_derived()
    )
    its_id = func.unnest(new.c.contribution_ids).table_valued("id", name="its").render_derived()
    leased = and_(owed.c.reserved, _FORWARDING)
    lease = {
        "status": case((leased, Status.IN_FLIGHT.value), else_=Status.PENDING.value),
        "attempt": case((leased, 1), else_=0),
        "lease_token": case((leased, bindparam("token", type_=Uuid))),
        "leased_until": case((leased, func.now() + bindparam("lease", type_=Interval))),
    }
    columns = [owed.c.id, owed.c.source_id, owed.c.body, *lease.values()]
    return select(*key_columns(new), *columns).select_from(
        new.join(its_id, true()).join(owed, owed.c.id == its_id.c.id)
    )


_OWED = ("id", "source_id", "body", "status", "attempt", "lease_token", "leased_until")
_FORWARDING = ~select(pauses.c.paused).exists()
_INSERT = Prepared(_insert_both())
_WANTED = sent()
FIND = select(*key_columns(events), events.c.fingerprint, events.c.ignored, events.c.contribution_ids).join(
    _WANTED, same_key(events, _WANTED)
)
