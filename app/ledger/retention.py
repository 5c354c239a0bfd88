"""Retention: removes what has been kept long enough, in small batches, and counts what it removes.

Any number of processes may prune at once, beside claims and recording: a batch is one statement and one commit, leaves
rows that others hold, and waits for nobody but for a moment at the counters.
"""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, TextClause, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.settlement import Status
from app.ledger.engine import unavailable

# What nobody needs to look at any more. `unknown` and `expired` wait for a person, however long that takes.
PRUNABLE = (Status.CONTRIBUTED, Status.DECLINED, Status.DISCARDED)
EVENTS_ACCEPTED, EVENTS_IGNORED, OWED = "events.accepted", "events.ignored", "owed"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long: contributions from when they were settled, events from when they were received."""

    contributions: timedelta
    events: timedelta


class Retention:
    """Prunes a ledger. `batch` is how many rows a statement reads, and so the most that it removes."""

    def __init__(self, engine: AsyncEngine, keep: Keep, *, batch: int = 1000) -> None:
        self._engine = engine
        self._keep = keep
        self._batch = batch

    async def sweep(self) -> AsyncGenerator[Mapping[str, int]]:
        """Prune everything that is due, once. Gives what each batch removed, by status of contributions and by what
        events owed, when it is committed; whoever stops in between has lost nothing. Raises LedgerUnavailableError.
        """
        (now,) = await self._execute(_NOW)
        async for pruned in self._contributions(now.now - self._keep.contributions):
            yield pruned
        async for pruned in self._events(now.now - self._keep.events):
            yield pruned

    async def _contributions(self, cut: datetime) -> AsyncGenerator[Mapping[str, int]]:
        fixed = {"statuses": list(PRUNABLE), "cut": cut, "before": first_id(cut), "batch": self._batch}
        after: UUID | None = UUID(int=0)
        while after:
            (done,) = await self._execute(_CONTRIBUTIONS, after=after, **fixed)
            yield done.pruned
            after = done.last_id if done.read == self._batch else None

    async def _events(self, cut: datetime) -> AsyncGenerator[Mapping[str, int]]:
        after: Mapping[str, Any] = {"after": _EPOCH, "feed": "", "brand_id": "", "event_id": ""}
        more = True
        while more:
            (done,) = await self._execute(EVENTS, cut=cut, batch=self._batch, **after)
            yield done.pruned
            after = {"after": done.last, "feed": done.feed, "brand_id": done.brand_id, "event_id": done.event_id}
            more = done.read == self._batch

    async def _execute(self, statement: Any, **parameters: Any) -> list[Row[*tuple[Any, ...]]]:
        with unavailable():
            async with self._engine.begin() as connection:
                return list(await connection.execute(statement, parameters))


def first_id(moment: datetime) -> UUID:
    """What no contribution of an event from before the moment comes after: ids begin with the event's milliseconds."""
    return UUID(int=max(0, (moment - _EPOCH) // timedelta(milliseconds=1)) << 80)


def _batch(rows: str) -> TextClause:
    """A batch: of the `rows` seen and removed, count what was removed in the same statement. Every statement goes
    through the counters in the same order, so that two of them never wait for each other.
    """
    return text(f"""
        with {rows},
        counts as (select what, count from counted where count > 0),
        kept as (
          insert into pruned (what, count) select what, count from counts order by what
          on conflict (what) do update set count = pruned.count + excluded.count
        )
        select last.*, (select count(*) from seen) as read,
          (select coalesce(json_object_agg(what, count), '{{}}') from counts) as pruned
        from (select 1) as always left join last on true
    """)  # noqa: S608 - our own text


_NOW = select(func.now().label("now"))

# By the primary key, which begins with the event's time: whether a row goes is decided by when it was settled.
# What must stay is read once a sweep, since the next batch begins where this one ended.
_CONTRIBUTIONS = _batch("""
        seen as materialized (
          select id from contributions
          where id > cast(:after as uuid) and id < cast(:before as uuid) order by id limit :batch
        ),
        free as materialized (
          select c.id from contributions c join seen using (id)
          where c.status = any (cast(:statuses as text[])) and c.settled_at < cast(:cut as timestamptz)
          for update of c skip locked
        ),
        gone as (delete from contributions c using free where c.id = free.id returning c.status),
        counted as (select status as what, count(*) as count from gone group by status),
        last as (select id as last_id from seen order by id desc limit 1)
""")

# A key goes only after all of its contributions: as long as one is there, its event tells what it was for.
EVENTS = _batch(f"""
        seen as materialized (
          select received_at, feed, brand_id, event_id, contribution_ids from events
          where (received_at, feed, brand_id, event_id)
              > (cast(:after as timestamptz), cast(:feed as text), cast(:brand_id as text), cast(:event_id as text))
            and received_at < cast(:cut as timestamptz)
          order by received_at, feed, brand_id, event_id limit :batch
        ),
        free as materialized (
          select e.feed, e.brand_id, e.event_id from events e join seen using (feed, brand_id, event_id)
          -- Released or replaced meanwhile, it owes what was not looked for.
          where (e.received_at, e.contribution_ids) = (seen.received_at, seen.contribution_ids)
            and not exists (select from contributions c where c.id = any (seen.contribution_ids))
          for update of e skip locked
        ),
        gone as (
          delete from events e using free
          where (e.feed, e.brand_id, e.event_id) = (free.feed, free.brand_id, free.event_id)
          returning cardinality(e.contribution_ids) as owed
        ),
        counted as (
          select '{EVENTS_ACCEPTED}' as what, count(*) as count from gone where owed > 0
          union all select '{EVENTS_IGNORED}', count(*) from gone where owed = 0
          union all select '{OWED}', coalesce(sum(owed), 0) from gone
        ),
        last as (
          select received_at as last, feed, brand_id, event_id from seen
          order by received_at desc, feed desc, brand_id desc, event_id desc limit 1
        )
""")  # noqa: S608 - our own constants
