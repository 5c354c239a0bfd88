"""The inbox: records each event once, together with the contributions it owes, before anything is acknowledged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Executable, Row, Text, Uuid, and_, bindparam, exists, func, insert, literal, select, true
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.contribution import Contribution
from app.domain.event import EventKey
from app.domain.feed import Decision
from app.domain.filtering import IgnoreReason
from app.ledger.engine import LedgerUnavailableError, unavailable
from app.ledger.tables import contributions, events


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


@dataclass(frozen=True, slots=True)
class Recorded:
    """The event is new, and committed."""

    decided: Decided


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same event was recorded before; nothing was written."""

    decided: Decided


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another event was recorded under the same key before; it stands, and nothing was written."""


class Inbox:
    """Records events. Safe with any number of callers in any number of processes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def record(self, entry: Entry) -> Recorded | Duplicate | Conflict:
        """Record an event; when this returns, it is committed. Raises LedgerUnavailableError, after which the event
        may or may not be recorded: recording it again is safe.
        """
        for _ in range(3):  # more than one round only where pruning removes the key in between
            with unavailable():
                async with self._engine.begin() as connection:
                    inserted = await connection.execute(_INSERT, _parameters(entry))
                    if inserted.one_or_none():
                        return Recorded(_decided(entry.decision))
                    # The statement above waited for whoever holds the key, so their row is visible to a new one.
                    first = (await connection.execute(_SELECT, _key(entry))).one_or_none()
            if first:
                return _compare(first, entry.fingerprint)
        raise LedgerUnavailableError("the event's key comes and goes")


def _decided(decision: Decision) -> Decided:
    return Decided(contributions=len(decision.contributions), ignored=decision.ignored)


def _compare(first: Row[*tuple[Any, ...]], fingerprint: bytes) -> Duplicate | Conflict:
    if first.fingerprint != fingerprint:
        return Conflict()
    ignored = IgnoreReason(first.ignored) if first.ignored else None
    return Duplicate(Decided(contributions=len(first.contribution_ids), ignored=ignored))


def _key(entry: Entry) -> dict[str, Any]:
    return {"feed": entry.key.feed, "brand_id": entry.key.brand_id, "event_id": entry.key.event_id}


def _parameters(entry: Entry) -> dict[str, Any]:
    owed: Sequence[Contribution] = entry.decision.contributions
    return _key(entry) | {
        "fingerprint": entry.fingerprint,
        "ignored": entry.decision.ignored,
        "contribution_ids": [contribution.id for contribution in owed],
        "payload": entry.payload,
        "source_ids": [contribution.source_id for contribution in owed],
        "bodies": [contribution.body for contribution in owed],
    }


def _insert_both() -> Executable:
    """One statement, so one commit: the event, and only if that was new, what it owes."""
    event = insert_or_skip(events).values(
        {
            name: bindparam(name)
            for name in ("feed", "brand_id", "event_id", "fingerprint", "ignored", "contribution_ids", "payload")
        }
    )
    new = event.on_conflict_do_nothing().returning(events.c.feed, events.c.brand_id, events.c.event_id).cte("new")
    owed = (
        func.unnest(
            bindparam("contribution_ids", type_=ARRAY(Uuid)),
            bindparam("source_ids", type_=ARRAY(Text)),
            bindparam("bodies", type_=ARRAY(Text)),
        )
        .table_valued("id", "source_id", "body")
        .render_derived()
    )
    columns = ["feed", "brand_id", "event_id", "id", "source_id", "body"]
    rows = select(new.c.feed, new.c.brand_id, new.c.event_id, owed.c.id, owed.c.source_id, owed.c.body)
    outbox = insert(contributions).from_select(columns, rows.select_from(new.join(owed, true())))
    return select(literal(1)).where(exists(select(new.c.feed))).add_cte(outbox.cte("owed"))


_INSERT = _insert_both()
_SELECT = select(events.c.fingerprint, events.c.ignored, events.c.contribution_ids).where(
    and_(*(events.c[name] == bindparam(name) for name in ("feed", "brand_id", "event_id")))
)
