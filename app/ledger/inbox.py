"""The inbox: records each event once, together with the contributions it owes, before anything is acknowledged."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from sqlalchemy import (
    ARRAY,
    BindParameter,
    ColumnElement,
    Executable,
    FromClause,
    LargeBinary,
    TableValuedAlias,
    Text,
    Uuid,
    and_,
    any_,
    bindparam,
    cast,
    func,
    insert,
    select,
)
from sqlalchemy.dialects.postgresql import insert as insert_or_skip
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.event import EventKey
from app.domain.feed import Decision
from app.domain.filtering import IgnoreReason
from app.ledger.engine import LedgerUnavailableError, unavailable
from app.ledger.tables import contributions, events
from app.ledger.writer import Writer

UNWRITTEN = 1000  # events
PATIENCE = timedelta(seconds=30)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _First:
    """What the ledger has of the event that was recorded first under a key."""

    fingerprint: bytes
    decided: Decided


class Inbox:
    """Records events. Safe with any number of callers in any number of processes. What callers bring at once is
    recorded together, in one statement and one commit. No more than `limit` may be unwritten at a time, and none waits
    longer than `patience`.
    """

    def __init__(self, engine: AsyncEngine, *, limit: int = UNWRITTEN, patience: timedelta = PATIENCE) -> None:
        self._engine = engine
        self._writer = Writer(self._record, limit=limit, patience=patience)

    @property
    def unwritten(self) -> int:
        """How many events wait for their commit."""
        return self._writer.unwritten

    @property
    def full(self) -> bool:
        """Whether another event would be refused."""
        return self._writer.full

    async def record(self, entry: Entry) -> Recorded | Duplicate | Conflict:
        """Record an event; when this returns, it is committed. Raises LedgerUnavailableError, after which the event
        may or may not be recorded: recording it again is safe. Raises BacklogFullError, after which it is not.
        """
        with unavailable():
            return await self._writer.write(entry)

    async def _record(self, entries: Sequence[Entry]) -> list[Recorded | Duplicate | Conflict]:
        """Record several. Of those with the same key the first is recorded, if none was before."""
        unsettled: dict[EventKey, Entry] = {}
        for entry in entries:
            unsettled.setdefault(entry.key, entry)
        new: set[EventKey] = set()
        first: dict[EventKey, _First] = {}
        for _ in range(3):  # more than one round only where pruning removes a key in between
            with unavailable():
                async with self._engine.begin() as connection:
                    inserted = await _insert(connection, unsettled.values())
                    # The insert waited for whoever holds a key, so their row is visible to another statement.
                    found = await _select(connection, unsettled.keys() - inserted)
            new |= inserted
            first |= {key: _of(unsettled[key]) for key in inserted} | found
            unsettled = {key: entry for key, entry in unsettled.items() if key not in first}
            if not unsettled:
                return [_outcome(entry, first[entry.key], new) for entry in entries]
        raise LedgerUnavailableError("an event's key comes and goes")


def _of(entry: Entry) -> _First:
    decision = entry.decision
    decided = Decided(contributions=len(decision.contributions), ignored=decision.ignored)
    return _First(fingerprint=entry.fingerprint, decided=decided)


def _outcome(entry: Entry, first: _First, new: set[EventKey]) -> Recorded | Duplicate | Conflict:
    if entry.key in new:
        new.remove(entry.key)  # whoever comes next with it is a repetition
        return Recorded(first.decided)
    return Duplicate(first.decided) if first.fingerprint == entry.fingerprint else Conflict()


async def _insert(connection: AsyncConnection, entries: Iterable[Entry]) -> set[EventKey]:
    """Insert events whose keys differ, with what they owe. Returns the keys that were new."""
    rows = await connection.execute(_INSERT, _parameters(list(entries)))
    return {EventKey(feed=feed, brand_id=brand_id, event_id=event_id) for feed, brand_id, event_id in rows}


async def _select(connection: AsyncConnection, keys: Iterable[EventKey]) -> dict[EventKey, _First]:
    if not (wanted := list(keys)):
        return {}
    found = {}
    for row in await connection.execute(_SELECT, _key_parameters(wanted)):
        ignored = IgnoreReason(row.ignored) if row.ignored else None
        decided = Decided(contributions=len(row.contribution_ids), ignored=ignored)
        key = EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id)
        found[key] = _First(fingerprint=row.fingerprint, decided=decided)
    return found


def _key_parameters(keys: Sequence[EventKey]) -> dict[str, Any]:
    return {
        "feeds": [key.feed for key in keys],
        "brand_ids": [key.brand_id for key in keys],
        "event_ids": [key.event_id for key in keys],
    }


def _parameters(entries: Sequence[Entry]) -> dict[str, Any]:
    owed = list(chain.from_iterable(entry.decision.contributions for entry in entries))
    return _key_parameters([entry.key for entry in entries]) | {
        "fingerprints": [entry.fingerprint for entry in entries],
        "ignored": [entry.decision.ignored for entry in entries],
        # As texts, since an array of arrays of different lengths is none.
        "id_lists": ["{" + ",".join(str(owed.id) for owed in entry.decision.contributions) + "}" for entry in entries],
        "payloads": [entry.payload for entry in entries],
        "ids": [contribution.id for contribution in owed],
        "source_ids": [contribution.source_id for contribution in owed],
        "bodies": [contribution.body for contribution in owed],
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
    owed = (
        func.unnest(bindparam("ids", type_=ARRAY(Uuid)), _texts("source_ids"), _texts("bodies"))
        .table_valued("id", "source_id", "body")
        .render_derived()
    )
    pairs = select(*_key(new), owed.c.id, owed.c.source_id, owed.c.body).select_from(
        new.join(owed, owed.c.id == any_(new.c.contribution_ids))
    )
    outbox = insert(contributions).from_select([*_KEY, "id", "source_id", "body"], pairs)
    return select(*_key(new)).add_cte(outbox.cte("owed"))


def _select_first() -> Executable:
    sent = _sent()
    same = and_(*(ours == theirs for ours, theirs in zip(_key(events), _key(sent), strict=True)))
    return select(*_key(events), events.c.fingerprint, events.c.ignored, events.c.contribution_ids).join(sent, same)


def _key(rows: FromClause) -> list[ColumnElement[Any]]:
    return [rows.c[name] for name in _KEY]


_KEY = ("feed", "brand_id", "event_id")
_INSERT = _insert_both()
_SELECT = _select_first()
