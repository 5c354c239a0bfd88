"""Reconciliation: compares the ledger with the Gateway's own account, contribution by contribution.

The account is loaded into a temporary table, so that neither side has to fit into this process's memory.
"""

from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.domain.gateway_account import Entry, Export
from app.domain.settlement import Status
from app.ledger.engine import unavailable
from app.ledger.finding import Finding, Problem, finding
from app.ledger.retention import Keep, first_id

LOADED_AT_ONCE = 10_000
# An id that begins with an earlier time tells nothing of its age: it is of a feed without times, or of one that misread
# them.
PLAUSIBLE_FROM = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is compared: contributions recorded from `since` on and before `until`. `deduplicates` says that the Gateway
    ignores a repetition, so that what is pending may have got there before; what is older than `keep` may be pruned.
    """

    keep: Keep
    deduplicates: bool
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A loaded account beside a snapshot of the ledger."""

    connection: AsyncConnection
    parameters: dict[str, Any]

    async def counts(self) -> dict[str, int]:
        """How many contributions there are of each problem, and how many `agreed`, were `pruned`, are
        `older_than_retention`, or were recorded `outside_period`. Raises LedgerUnavailableError.
        """
        with unavailable():
            rows = await self.connection.execute(_COUNTS, self.parameters)
            return {row.problem: row.contributions for row in rows}

    async def findings(self) -> AsyncGenerator[Finding]:
        """Every contribution with a problem. Raises LedgerUnavailableError."""
        with unavailable():
            async with self.connection.stream(_FINDINGS, self.parameters | {"problems": list(Problem)}) as rows:
                async for row in rows:
                    yield finding(row)


async def compare(connection: AsyncConnection, export: Export, scope: Scope) -> Comparison:
    """Load an account beside a snapshot. Raises ExportError and LedgerUnavailableError."""
    with unavailable():
        await connection.execute(_EXPORT)
    while entries := list(islice(export.entries, LOADED_AT_ONCE)):
        with unavailable():
            await connection.execute(_LOAD, _columns(entries))
    with unavailable():
        await connection.execute(_ACCOUNT_BY_ID if export.by_id else _ACCOUNT_BY_KEY)
        await connection.execute(_ANALYZE)
        now = (await connection.execute(_NOW)).scalar_one()
    possible = [Status.UNKNOWN, Status.DISCARDED, Status.IN_FLIGHT]
    return Comparison(
        connection=connection,
        parameters={
            "oldest": first_id(now - scope.keep.events),
            "plausible": first_id(PLAUSIBLE_FROM),
            "since": scope.since,
            "until": scope.until,
            "possible": [*possible, Status.PENDING] if scope.deduplicates else possible,
        },
    )


def _columns(entries: Iterable[Entry]) -> dict[str, Any]:
    lines, ids, keys, amounts = zip(*entries, strict=True)
    feeds, brand_ids, event_ids, source_ids = zip(*(key or (None,) * 4 for key in keys), strict=True)
    return {
        "lines": list(lines),
        "ids": list(ids),
        "feeds": list(feeds),
        "brand_ids": list(brand_ids),
        "event_ids": list(event_ids),
        "source_ids": list(source_ids),
        "amounts": list(amounts),
    }


_NOW = text("select now()")
_EXPORT = text("""
    create temporary table gateway_export (
      line integer not null, id uuid, feed text, brand_id text, event_id text, source_id text,
      amount numeric
    ) on commit drop
""")
_LOAD = text("""
    insert into gateway_export select * from unnest(
      cast(:lines as integer[]), cast(:ids as uuid[]), cast(:feeds as text[]), cast(:brand_ids as text[]),
      cast(:event_ids as text[]), cast(:source_ids as text[]), cast(:amounts as numeric[])
    )
""")
# Once for each contribution. `owed_at` says that an event owes it that was received then, whether or not its row has
# been pruned; by the key it is known only where a row of the event has been.
_ACCOUNT_BY_ID = text("""
    create temporary table gateway_account on commit drop as
    with named as (
      select id, count(*) as times, min(line) as line, min(amount) as amount from gateway_export group by id
    ),
    owing as (select unnest(contribution_ids) as id, received_at from events),
    owed as (select id, min(received_at) as received_at from owing group by id)
    select named.id, cast(null as text) as feed, cast(null as text) as brand_id, cast(null as text) as event_id,
      cast(null as text) as source_id, named.times, named.line, named.amount, owed.received_at as owed_at
    from named left join owed using (id)
""")
_ACCOUNT_BY_KEY = text("""
    create temporary table gateway_account on commit drop as
    with named as (
      select feed, brand_id, event_id, source_id, count(*) as times, min(line) as line, min(amount) as amount
      from gateway_export group by feed, brand_id, event_id, source_id
    )
    select c.id, feed, brand_id, event_id, source_id, named.times, named.line, named.amount,
      case when c.id is null and cardinality(e.contribution_ids)
        > (select count(*) from contributions other where other.id = any (e.contribution_ids)) then e.received_at
      end as owed_at
    from named
    left join contributions c using (feed, brand_id, event_id, source_id)
    left join events e using (feed, brand_id, event_id)
""")
_ANALYZE = text("analyze gateway_account")


def _compared(select: str, *, then: str) -> TextClause:
    return text(f"""
        with compared as (
          select case
              when c.id is null and a.owed_at is null and a.id < cast(:oldest as uuid)
                and a.id >= cast(:plausible as uuid) and substr(a.id::text, 15, 1) = '8'
                and exists (select from pruned where what = 'owed')
                then 'older_than_retention'
              when c.id is null and a.owed_at is null then 'unasked'
              when coalesce(c.recorded_at, a.owed_at) < cast(:since as timestamptz)
                or coalesce(c.recorded_at, a.owed_at) >= cast(:until as timestamptz) then 'outside_period'
              when a.times > 1 then 'at_gateway_twice'
              when c.id is null then 'pruned'
              when c.status = 'contributed' and a.times is null then 'not_at_gateway'
              when (c.status = 'contributed' or c.status = any (cast(:possible as text[])))
                and a.amount is distinct from asked.amount then 'amount_differs'
              when c.status = 'contributed' then 'agreed'
              when c.status = any (cast(:possible as text[])) and a.times is null then 'open_not_at_gateway'
              when c.status = any (cast(:possible as text[])) then 'open_at_gateway'
              when a.times is null then 'agreed'
              else 'at_gateway'
            end as problem,
            coalesce(c.id, a.id) as contribution_id, c.status, coalesce(c.feed, a.feed) as feed,
            coalesce(c.brand_id, a.brand_id) as brand_id, coalesce(c.event_id, a.event_id) as event_id,
            coalesce(c.source_id, a.source_id) as source_id, coalesce(a.times, 0) as times, a.line,
            asked.amount as asked, a.amount as taken
          from gateway_account a full join contributions c on c.id = a.id
            left join lateral (
              select cast(c.body::json ->> 'base_wager' as numeric) as amount where a.amount is not null
            ) asked on true
        )
        select {select} from compared {then}
    """)  # noqa: S608 - our own text


_COUNTS = _compared("problem, count(*) as contributions", then="group by problem")
_FINDINGS = _compared(
    "*", then="where problem = any (cast(:problems as text[])) order by problem, contribution_id, line"
)
