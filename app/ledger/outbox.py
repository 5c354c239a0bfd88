"""The outbox: leases contributions to a dispatcher and writes their outcomes, by the lease's holder only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.domain.settlement import Settlement, Status
from app.ledger import leasing, settling
from app.ledger.claim import Claim
from app.ledger.engine import LedgerUnavailableError, unavailable
from app.ledger.settling import Settled
from app.ledger.writer import Writer

PATIENCE = timedelta(seconds=30)
GATHER = timedelta(milliseconds=4)  # for outcomes to be written together; only their slots wait
COUNTED = 10_000  # of a backlog, one by one


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What holders left behind whose leases ended: `unsent` went back, of the rest nobody knows whether it was sent."""

    unsent: int = 0
    sent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """What is pending: how many, about where they are more than COUNTED, and how long the oldest has been due."""

    pending: int
    oldest_due: timedelta


class Outbox:
    """Any number of dispatchers in any number of processes share it. The database's clock is the only one for leases.
    Every method raises LedgerUnavailableError.
    """

    def __init__(self, engine: AsyncEngine, *, patience: timedelta = PATIENCE) -> None:
        self._engine = engine
        self._settler = Writer(self._settle, limit=None, patience=patience, gather=GATHER)

    async def claim(self, limit: int, *, token: UUID, lease: timedelta) -> list[Claim]:
        """Lease up to `limit` contributions that are due, the longest due first; none while forwarding is paused.
        Nothing may be sent before `begin`. After an error they may be leased all the same.
        """
        rows = await self._execute(leasing.CLAIM, limit=limit, lease=lease, token=token)
        return [_claim(row) for row in rows]

    async def begin(self, claims: Sequence[Claim], *, lease: timedelta) -> set[UUID]:
        """Mark claims as being sent, and lease them anew; once this has returned they may be sent. Returns the ids of
        those that are still ours. After an error they may be marked all the same: `release` their token.
        """
        return await self._lease_anew(leasing.BEGIN, {claim.id: claim.lease_token for claim in claims}, lease)

    async def renew(self, tokens: Mapping[UUID, UUID], *, lease: timedelta) -> set[UUID]:
        """Lease anew what is leased, by its id, with these tokens. Returns the ids of what is still ours, but for some
        that are being settled.
        """
        return await self._lease_anew(leasing.RENEW, tokens, lease)

    async def settle(
        self, claim: Claim, settlement: Settlement, *, gateway_status: int | None, gateway_response: str
    ) -> bool:
        """Write an outcome and end the lease. False when the lease was lost: then nothing was written. What is settled
        at once is written together.
        """
        try:
            return await self._settler.write(Settled(claim, settlement, gateway_status, gateway_response))
        except TimeoutError:
            raise LedgerUnavailableError("no answer in time") from None

    async def release(self, tokens: set[UUID]) -> set[UUID]:
        """Give back everything leased with tokens under which nothing was sent. Returns the tokens of what was."""
        return {row.lease_token for row in await self._execute(leasing.RELEASE, tokens=list(tokens))}

    async def is_settled(self, claim: Claim, settlement: Settlement) -> bool:
        """Whether a contribution stands as a settlement of ours would have it: for a settlement that may have been
        written although it failed.
        """
        rows = await self._execute(settling.STATUS, claim_id=claim.id)
        return [settlement.status] == [row.status for row in rows]

    async def recover(self, *, deduplicates: bool) -> Recovered:
        """Take over what dead holders left behind: due again where nothing was sent or the Gateway ignores a
        repetition, else unknown.
        """
        rows = await self._execute(leasing.RECOVER, new_status=Status.PENDING if deduplicates else Status.UNKNOWN)
        unsent = sum(row.unsent for row in rows)
        return Recovered(unsent=unsent, sent=len(rows) - unsent)

    async def backlog(self) -> Backlog:
        """Measure the backlog from the index of what is due."""
        (row,) = await self._execute(BACKLOG)
        return Backlog(pending=row.pending, oldest_due=max(row.oldest_due, timedelta()))

    async def _lease_anew(self, statement: Any, tokens: Mapping[UUID, UUID], lease: timedelta) -> set[UUID]:
        rows = await self._execute(statement, ids=list(tokens), tokens=list(set(tokens.values())), lease=lease)
        return {row.id for row in rows}

    async def _settle(self, batch: Sequence[Settled]) -> list[bool]:
        with unavailable():
            async with self._engine.begin() as connection:
                written = await settling.settle(connection, batch)
        return [(settled.claim.id, settled.claim.lease_token) in written for settled in batch]

    async def _execute(self, statement: Any, **parameters: Any) -> list[Row[*tuple[Any, ...]]]:
        with unavailable():
            async with self._engine.begin() as connection:
                return list(await connection.execute(statement, parameters))


def _claim(row: Row[*tuple[Any, ...]]) -> Claim:
    return Claim(
        id=row.id,
        key=EventKey(feed=row.feed, brand_id=row.brand_id, event_id=row.event_id),
        source_id=row.source_id,
        body=row.body,
        attempt=row.attempt,
        age=row.age,
        lease_token=row.lease_token,
        doubtful=row.doubtful,
    )


# Counted up to a bound, above which it is what PostgreSQL last estimated: a look at the metrics must cost no more on a
# day with a backlog.
BACKLOG = text(f"""
    select case when counted.n <= {COUNTED} then counted.n else greatest(counted.n, about.n) end as pending,
      coalesce(now() - oldest.due, interval '0') as oldest_due
    from (
      select count(*) as n from (select from contributions where status = 'pending' limit {COUNTED + 1}) as bounded
    ) as counted,
    (select cast(reltuples as bigint) as n from pg_class where oid = cast('contributions_due' as regclass)) as about,
    (select min(next_attempt_at) as due from contributions where status = 'pending') as oldest
""")  # noqa: S608 - our own text
