"""A ledger as production has it: with many rows, of some age."""

from datetime import timedelta

from sqlalchemy import bindparam, text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import Interval

from app.domain.settlement import Status

DAY = timedelta(days=1)


async def populate(  # noqa: PLR0913 - what a row is made of
    engine: AsyncEngine,
    name: str,
    *,
    status: Status = Status.CONTRIBUTED,
    count: int = 1,
    received: timedelta = timedelta(),
    settled: timedelta | None = None,
    occurred: timedelta | None = None,
) -> None:
    """Events `name`-1, `name`-2, …, each with one contribution of that status. `received`, `settled` and `occurred`
    say how long ago that was; the latter two are as `received` by default.
    """
    parameters = {
        "name": name,
        "status": status,
        "count": count,
        "received": received,
        "settled": received if settled is None else settled,
        "occurred": received if occurred is None else occurred,
    }
    async with engine.begin() as connection:
        await connection.execute(_POPULATE, parameters)


async def ignore(engine: AsyncEngine, name: str, *, count: int, received: timedelta) -> None:
    """As `populate`, events that owe nothing."""
    async with engine.begin() as connection:
        await connection.execute(_IGNORE, {"name": name, "count": count, "received": received})


_AGES = [bindparam(name, type_=Interval) for name in ("received", "settled", "occurred")]
_POPULATE = text("""
    with made as (
      select n, cast(:name as text) || '-' || n as event_id, md5(cast(:name as text) || n) as hash,
        lpad(to_hex((extract(epoch from now() - :occurred) * 1000)::bigint + n), 12, '0') as time
      from generate_series(1, cast(:count as integer)) n
    ), named as (
      select n, event_id, (time || '8' || left(hash, 3) || '8' || substr(hash, 4, 15))::uuid as id from made
    ), owing as (
      insert into events (feed, brand_id, event_id, fingerprint, contribution_ids, payload, received_at)
      select 'bet', 'brand1', event_id, sha256(event_id::bytea), array[id], '{}', now() - :received from named
    )
    insert into contributions
      (id, feed, brand_id, event_id, source_id, body, status, recorded_at, next_attempt_at, settled_at,
       lease_token, leased_until)
    select id, 'bet', 'brand1', event_id, 'book-of-examples', '{}', made.status, now() - :received, now() - :received,
      case when made.status not in ('pending', 'in_flight') then now() - :settled end,
      case when made.status = 'in_flight' then gen_random_uuid() end,
      case when made.status = 'in_flight' then now() + interval '1 hour' end
    from named cross join (select cast(:status as text) as status) as made
""").bindparams(*_AGES)
_IGNORE = text("""
    insert into events (feed, brand_id, event_id, fingerprint, ignored, contribution_ids, payload, received_at)
    select 'bet', 'brand1', :name || '-' || n, sha256(n::text::bytea), 'rollback', '{}', '{}', now() - :received
    from generate_series(1, cast(:count as integer)) n
""").bindparams(_AGES[0])
