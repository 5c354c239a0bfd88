"""The census: counts of everything in the ledger, and whether they balance."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.settlement import Status
from app.ledger.engine import unavailable
from app.ledger.tables import contributions, events


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """`owed` counts the contributions that events owe, `missing` those of them without a row in the outbox,
    `stray` the outbox's rows that no event owes.
    """

    accepted: int
    ignored: dict[str, int]
    owed: int
    by_status: dict[str, int]
    missing: int
    stray: int

    @property
    def balances(self) -> bool:
        """Whether every contribution owed is accounted for, in exactly one status."""
        return self.owed == sum(self.by_status.values()) and not self.missing and not self.stray


async def take_census(engine: AsyncEngine) -> Census:
    """Count everything, as of one moment. Reads both tables whole. Raises LedgerUnavailableError."""
    with unavailable():
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="REPEATABLE READ")
            async with connection.begin():
                by_reason = {row.ignored: row.events for row in await connection.execute(_BY_REASON)}
                counted = {row.status: row.contributions for row in await connection.execute(_BY_STATUS)}
                owed, missing, stray = (await connection.execute(_PAIRS)).one()
    return Census(
        accepted=by_reason.pop(None, 0),
        ignored={str(reason): count for reason, count in sorted(by_reason.items())},
        owed=owed,
        by_status={status: counted.get(status, 0) for status in Status},
        missing=missing,
        stray=stray,
    )


_BY_REASON = select(events.c.ignored, func.count().label("events")).group_by(events.c.ignored)
_BY_STATUS = select(contributions.c.status, func.count().label("contributions")).group_by(contributions.c.status)
_owed = select(func.unnest(events.c.contribution_ids).label("id")).subquery("owed")
_PAIRS = select(
    func.count(_owed.c.id),
    func.count(_owed.c.id).filter(contributions.c.id.is_(None)),
    func.count(contributions.c.id).filter(_owed.c.id.is_(None)),
).select_from(_owed.join(contributions, _owed.c.id == contributions.c.id, full=True))
