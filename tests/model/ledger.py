"""The real ledger, one statement after another, and what the machine does to it behind its back."""

from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import Executable, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.intervention import Action, Signature
from app.ledger import hands
from app.ledger.claim import Claim
from app.ledger.handover import Taker
from app.ledger.inbox import Inbox, Outcome, Recorded
from app.ledger.outbox import Outbox
from app.ledger.recording import Entry
from app.ledger.selection import Selection
from app.ledger.tables import contributions

T = TypeVar("T")


class Run(Protocol):
    """Runs a coroutine to its end, as `asyncio.Runner.run` does."""

    def __call__(self, coroutine: Coroutine[Any, Any, T], /) -> T: ...


@dataclass(frozen=True, slots=True)
class Ledger:
    """An engine, and how to run what it gives."""

    engine: AsyncEngine
    run: Run

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.engine)

    def record(self, entry: Entry, taker: Taker) -> Outcome:
        """Record an event. What it owes falls due one after the other: each run of an example then claims the same."""
        answer = self.run(Inbox(self.engine, taker).record(entry))
        if isinstance(answer, Recorded):
            self.run(self._execute(_UNTIED))
        return answer

    def claim(self, limit: int, *, token: UUID, lease: timedelta) -> list[Claim]:
        """Claim, and give that in the same order each time."""
        return sorted(self.run(self.outbox.claim(limit, token=token, lease=lease)), key=lambda claim: claim.id)

    def empty(self) -> None:
        self.run(self._execute(_EMPTIED))

    def rows(self) -> Sequence[Any]:
        """Id, status and attempt of everything in the outbox."""
        return self.run(self._rows())

    def end_lease(self, token: UUID) -> None:
        """Move the end of a lease into the past."""
        ended = update(contributions).values(leased_until=func.now() - timedelta(seconds=1))
        self.run(self._execute(ended.where(contributions.c.lease_token == token)))

    def age(self, by: timedelta) -> None:
        """Move all that happened into the past."""
        moved = {name: contributions.c[name] - by for name in ("recorded_at", "replayed_at", "settled_at")}
        self.run(self._execute(update(contributions).values(moved)))

    def intervene(self, key: UUID, action: Action, signature: Signature) -> bool:
        """Whether a person changed the contribution."""
        return self.run(self._intervene(Selection(ids=(key,)), action, signature)) > 0

    async def _execute(self, statement: Executable) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(statement)

    async def _rows(self) -> Sequence[Any]:
        async with self.engine.begin() as connection:
            return (await connection.execute(_ROWS)).all()

    async def _intervene(self, selection: Selection, action: Action, signature: Signature) -> int:
        taken_at = (await hands.survey(self.engine, selection, action)).taken_at
        batches = hands.intervene(self.engine, selection, action, signature, taken_at=taken_at)
        return sum([batch.total() async for batch in batches])


_ROWS = select(contributions.c.id, contributions.c.status, contributions.c.attempt)
_UNTIED = (
    update(contributions)
    .where(contributions.c.source_id == "two", contributions.c.next_attempt_at == contributions.c.recorded_at)
    .values(next_attempt_at=contributions.c.recorded_at - timedelta(microseconds=1))
)
_EMPTIED = text(  # a tenth of what truncating costs, for so few rows
    "with e as (delete from events), c as (delete from contributions), i as (delete from interventions)"
    " delete from pauses"
)
