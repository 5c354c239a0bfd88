"""Stored events, read again: those of a period, the oldest first, a page at a time."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, case, cast, exists, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.comparison import Past
from app.domain.contribution import Contribution
from app.domain.event import EventKey
from app.domain.filtering import IgnoreReason
from app.ledger.engine import unavailable
from app.ledger.tables import contributions, events

PAGE = 1000  # events: of the longest payloads some 100 MB, and as much for each state that is kept beside all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """Events received from `since` on and before `until`; of one feed, with one event_id, where that is given. With
    `ignored`, only those that were ignored for one of these reasons.
    """

    since: datetime
    until: datetime
    feed: str | None = None
    event_id: str | None = None
    ignored: frozenset[IgnoreReason] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An event as it was sent, and what was decided about it. `other_states` are the payloads that are kept beside
    it, where it was ignored.
    """

    past: Past
    received_at: datetime
    fingerprint: bytes
    payload: str
    other_states: tuple[str, ...] = ()


async def stored(engine: AsyncEngine, period: Period, *, page: int = PAGE) -> AsyncGenerator[list[Stored]]:
    """The events of a period, in pages; no transaction is open between two of them. Raises LedgerUnavailableError."""
    fixed = {
        "until": period.until,
        "only_feed": period.feed,
        "only_event": period.event_id,
        "reasons": sorted(period.ignored) or None,
        "page": page,
    }
    after: Mapping[str, Any] = {"after": period.since, "feed": "", "brand_id": "", "event_id": ""}
    while True:
        with unavailable():
            async with engine.begin() as connection:
                rows = (await connection.execute(PERIOD, {**fixed, **after})).all()
                owed = await _owed(connection, [each for row in rows for each in row.contribution_ids])
        if rows:
            yield [_stored(row, owed) for row in rows]
        if len(rows) < page:
            return
        last = rows[-1]
        after = {"after": last.received_at, "feed": last.feed, "brand_id": last.brand_id, "event_id": last.event_id}


async def has_events(engine: AsyncEngine, *, feed: str) -> bool:
    """Whether an event of the feed is stored. Raises LedgerUnavailableError."""
    with unavailable():
        async with engine.begin() as connection:
            return bool((await connection.execute(HAS_EVENTS, {"feed": feed})).scalar_one())


async def _owed(connection: AsyncConnection, ids: list[UUID]) -> dict[UUID, Contribution]:
    """Those that were not pruned."""
    if not ids:
        return {}
    rows = await connection.execute(OWED, {"ids": ids})
    return {row.id: Contribution(id=row.id, source_id=row.source_id, body=row.body) for row in rows}


def _stored(row: Any, owed: Mapping[UUID, Contribution]) -> Stored:
    past = Past(
        key=EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id),
        ignored=IgnoreReason(row.ignored) if row.ignored else None,
        contributions={each: owed.get(each) for each in row.contribution_ids},
    )
    return Stored(
        past=past,
        received_at=row.received_at,
        fingerprint=row.fingerprint,
        payload=row.payload,
        other_states=tuple(row.other_states),
    )


_e, _c = events.c, contributions.c
_ONE_FEED, _ONE_EVENT = bindparam("only_feed", type_=Text), bindparam("only_event", type_=Text)
_REASONS = bindparam("reasons", type_=ARRAY(Text))
# Nothing beside what counted is decided on, so that is not read.
_OTHERS = case((_e.ignored.is_not(None), _e.other_states), else_=cast([], ARRAY(Text))).label("other_states")
_PLACE = (_e.received_at, _e.feed, _e.brand_id, _e.event_id)
_AFTER = tuple_(
    bindparam("after", type_=_e.received_at.type),
    *(bindparam(name, type_=Text) for name in ("feed", "brand_id", "event_id")),
)
PERIOD = (
    select(*_PLACE, _e.fingerprint, _e.ignored, _e.contribution_ids, _e.payload, _OTHERS)
    .where(
        tuple_(*_PLACE) > _AFTER,
        _e.received_at < bindparam("until"),
        or_(_ONE_FEED.is_(None), _e.feed == _ONE_FEED),
        or_(_ONE_EVENT.is_(None), _e.event_id == _ONE_EVENT),
        or_(_REASONS.is_(None), _e.ignored == any_(_REASONS)),
    )
    .order_by(*_PLACE)
    .limit(bindparam("page"))
)
HAS_EVENTS = select(exists().where(_e.feed == bindparam("feed", type_=Text)))
OWED = select(_c.id, _c.source_id, _c.body).where(_c.id == any_(bindparam("ids", type_=ARRAY(Uuid))))
