"""The census: counts of everything in the ledger, and whether they balance."""

from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from app.domain.settlement import Status
from app.ledger.engine import unavailable
from app.ledger.retention import EVENTS_ACCEPTED, EVENTS_IGNORED, OWED, PRUNABLE
from app.ledger.snapshot import snapshot
from app.ledger.tables import contributions, events, pruned


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What retention removed, ever: events, what those owed, and contributions by status."""

    accepted: int = 0
    ignored: int = 0
    owed: int = 0
    by_status: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PRUNABLE, 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Census:
    """`owed` counts the contributions that events owe, `missing` those of them without a row in the outbox,
    `stray` the outbox's rows that no event owes. What was `pruned` is in none of them.
    """

    accepted: int
    ignored: dict[str, int]
    owed: int
    by_status: dict[str, int]
    missing: int
    stray: int
    pruned: Pruned = Pruned()

    @property
    def unexplained(self) -> int:
        """How many contributions are missing beyond those that were pruned while their events stay; below zero, events
        were pruned before contributions that had gone without being counted.
        """
        return self.missing - (sum(self.pruned.by_status.values()) - self.pruned.owed)

    @property
    def balances(self) -> bool:
        """Whether every contribution ever owed is accounted for, in exactly one status, there or pruned."""
        owed = self.owed + self.pruned.owed
        accounted_for = sum(self.by_status.values()) + sum(self.pruned.by_status.values())
        return owed == accounted_for and not self.unexplained and not self.stray


async def take_census(engine: AsyncEngine) -> Census:
    """Count everything, as of one moment. Reads both tables whole. Raises LedgerUnavailableError."""
    async with snapshot(engine) as connection:
        return await census_of(connection)


async def census_of(connection: AsyncConnection) -> Census:
    """As `take_census`, of a snapshot."""
    with unavailable():
        by_reason = {row.ignored: row.events for row in await connection.execute(_BY_REASON)}
        counted = {row.status: row.contributions for row in await connection.execute(_BY_STATUS)}
        removed = {row.what: row.removed for row in await connection.execute(_PRUNED)}
        owed, missing, stray = (await connection.execute(_PAIRS)).one()
    return Census(
        accepted=by_reason.pop(None, 0),
        ignored={str(reason): count for reason, count in sorted(by_reason.items())},
        owed=owed,
        by_status={status: counted.get(status, 0) for status in Status},
        missing=missing,
        stray=stray,
        pruned=Pruned(
            accepted=removed.get(EVENTS_ACCEPTED, 0),
            ignored=removed.get(EVENTS_IGNORED, 0),
            owed=removed.get(OWED, 0),
            by_status={status: removed.get(status, 0) for status in PRUNABLE},
        ),
    )


_BY_REASON = select(events.c.ignored, func.count().label("events")).group_by(events.c.ignored)
_BY_STATUS = select(contributions.c.status, func.count().label("contributions")).group_by(contributions.c.status)
_PRUNED = select(pruned.c.what, pruned.c.count.label("removed"))
_owed = select(func.unnest(events.c.contribution_ids).label("id")).subquery("owed")
_PAIRS = select(
    func.count(_owed.c.id),
    func.count(_owed.c.id).filter(contributions.c.id.is_(None)),
    func.count(contributions.c.id).filter(_owed.c.id.is_(None)),
).select_from(_owed.join(contributions, _owed.c.id == contributions.c.id, full=True))
