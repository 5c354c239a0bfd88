"""Verification: names the contributions for which the ledger does not agree with itself."""

from collections.abc import AsyncGenerator
from datetime import timedelta

from sqlalchemy import Interval, bindparam, text
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger.census import Census
from app.ledger.engine import unavailable
from app.ledger.finding import Finding, finding


async def offenders(connection: AsyncConnection, census: Census, *, kept: timedelta) -> AsyncGenerator[Finding]:
    """What a snapshot holds that must not be. Where more is missing than was pruned, those of events received within
    the time that contributions are `kept` are named, which pruning can't have reached; older ones can't be told apart.
    Raises LedgerUnavailableError.
    """
    with unavailable():
        async with connection.stream(_OFFENDERS, {"kept": kept, "missed": bool(census.unexplained)}) as rows:
            async for row in rows:
                yield finding(row)


_OFFENDERS = text("""
    with owed as materialized (
      select feed, brand_id, event_id, received_at, unnest(contribution_ids) as contribution_id from events
    )
    select 'missing' as problem, o.contribution_id, null as status, o.feed, o.brand_id, o.event_id, null as source_id,
      cast(null as integer) as times, cast(null as integer) as line, cast(null as numeric) as asked,
      cast(null as numeric) as taken
    from owed o left join contributions c on c.id = o.contribution_id
    where c.id is null and :missed and o.received_at > now() - :kept
    union all
    select 'stray', c.id, c.status, c.feed, c.brand_id, c.event_id, c.source_id, null, null, null, null
    from contributions c left join owed o on o.contribution_id = c.id
    where o.contribution_id is null
    union all
    select 'key_differs', c.id, c.status, c.feed, c.brand_id, c.event_id, c.source_id, null, null, null, null
    from contributions c join owed o on o.contribution_id = c.id
    group by c.id having not bool_or((c.feed, c.brand_id, c.event_id) = (o.feed, o.brand_id, o.event_id))
    union all
    select 'owed_twice', contribution_id, null, null, null, string_agg(event_id, ', '), null, null, null, null,
      null
    from owed group by contribution_id having count(*) > 1
""").bindparams(bindparam("kept", type_=Interval))
