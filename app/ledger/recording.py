"""The two statements that record: one writes events with what they owe, the other finds what was recorded first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    Boolean,
    ColumnElement,
    Executable,
    FromClause,
    Interval,
    LargeBinary,
    TableValuedAlias,
    Text,
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
    for row in await connection.execute(FIND, _key_parameters(wanted)):
        ignored = IgnoreReason(row.ignored) if row.ignored else None
        decided = Decided(contributions=len(row.contribution_ids), ignored=ignored)
        key = EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id)
        found[key] = First(fingerprint=row.fingerprint, decided=decided)
    return found


def _key_parameters(keys: Sequence[EventKey]) -> dict[str, Any]:
    return {
        "feeds": [key.feed for key in keys],
        "brand_ids": [key.brand_id for key in keys],
        "event_ids": [key.event_id for key in keys],
    }


def _parameters(entries: Sequence[Entry], reservation: Reservation) -> dict[str, Any]:
    owed = owed_parameters([entry.decision.contributions for entry in entries])
    return {
        **_key_parameters([entry.key for entry in entries]),
        **owed,
        "fingerprints": [entry.fingerprint for entry in entries],
        "ignored": [entry.decision.ignored for entry in entries],
        "payloads": [entry.payload for entry in entries],
        "reserved": [number < reservation.slots for number in range(len(owed["ids"]))],
        "token": reservation.token,
        "lease": reservation.lease,
    }


def _texts(name: str) -> BindParameter[Any]:
    return bindparam(name, type_=ARRAY(Text))


def _sent(**others: BindParameter[Any]) -> TableValuedAlias:
    """What was sent, as rows: the columns of the key, and others."""
    columns = dict(zip(_KEY, map(_texts, ("feeds", "brand_ids", "event_ids")), strict=True)) | others
    return func.unnest(*columns.values()).table_valued(*columns).render_derived()


def _insert_both() -> Executable:
    """One statement, so one commit: the events, and of those that were new, what they owe."""
    sent = _sent(
        fingerprint=bindparam("fingerprints", type_=ARRAY(LargeBinary)),
        ignored=_texts("ignored"),
        contribution_ids=_texts("id_lists"),
        payload=_texts("payloads"),
    )
    ids = cast(sent.c.contribution_ids, ARRAY(Uuid)).label("ids")
    # In the order of their keys: two who insert the same events in different orders wait for each other forever.
    rows = select(*_key(sent), sent.c.fingerprint, sent.c.ignored, ids, sent.c.payload).order_by(*_key(sent))
    columns = [*_KEY, "fingerprint", "ignored", "contribution_ids", "payload"]
    inserted = insert_or_skip(events).from_select(columns, rows).on_conflict_do_nothing()
    new = inserted.returning(*_key(events), events.c.contribution_ids).cte("new")
    outbox = insert(contributions).from_select([*_KEY, *_OWED], _owed_by(new))
    return select(*_key(new), _FORWARDING.label("leases")).add_cte(outbox.cte("owed"))


def _owed_by(new: FromClause) -> Any:
    """What new events owe, leased as far as there is room for it and forwarding is not paused."""
    owed = (
        func.unnest(
            bindparam("ids", type_=ARRAY(Uuid)),
            _texts("source_ids"),
            _texts("bodies"),
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
    return select(*_key(new), *columns).select_from(new.join(its_id, true()).join(owed, owed.c.id == its_id.c.id))


def _select_first() -> Executable:
    sent = _sent()
    same = and_(*(ours == theirs for ours, theirs in zip(_key(events), _key(sent), strict=True)))
    return select(*_key(events), events.c.fingerprint, events.c.ignored, events.c.contribution_ids).join(sent, same)


def _key(rows: FromClause) -> list[ColumnElement[Any]]:
    return [rows.c[name] for name in _KEY]


_KEY = ("feed", "brand_id", "event_id")
_OWED = ("id", "source_id", "body", "status", "attempt", "lease_token", "leased_until")
_FORWARDING = ~select(pauses.c.paused).exists()
_INSERT = Prepared(_insert_both())
FIND = _select_first()
