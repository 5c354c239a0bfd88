"""The inbox: records each event once, together with the contributions it owes, before anything is acknowledged."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.event import EventKey
from app.domain.succession import Succession, succession
from app.ledger.claim import Claim
from app.ledger.engine import LedgerUnavailableError, unavailable
from app.ledger.handover import Nobody, Reservation, Taker
from app.ledger.keeping import keep
from app.ledger.recording import Decided, Entry, First, Inserted, find_first, insert_new
from app.ledger.replacing import Replacement, replace
from app.ledger.writer import Writer

UNWRITTEN = 1000  # events
PATIENCE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The event is new, and committed."""

    decided: Decided


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The same event was recorded before; nothing was written."""

    decided: Decided


@dataclass(frozen=True, slots=True)
class Followed:
    """Another event was recorded under the same key; this one is a state of the same thing that does not count, and is
    kept beside it.
    """

    decided: Decided


@dataclass(frozen=True, slots=True)
class Conflict:
    """Another event was recorded under the same key before; it stands, and nothing was written."""


Outcome = Recorded | Duplicate | Followed | Conflict


class Inbox:
    """Records events. Safe with any number of callers in any number of processes. What callers bring at once is
    recorded together, in one statement and one commit. No more than `limit` may be unwritten at a time, and none waits
    longer than `patience`.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        taker: Taker | None = None,
        *,
        limit: int = UNWRITTEN,
        patience: timedelta = PATIENCE,
    ) -> None:
        self._engine = engine
        self._taker = taker or Nobody()
        self._writer: Writer[Entry, Outcome] = Writer(self._record, limit=limit, patience=patience)

    @property
    def unwritten(self) -> int:
        """How many events wait for their commit."""
        return self._writer.unwritten

    @property
    def full(self) -> bool:
        """Whether another event would be refused."""
        return self._writer.full

    @property
    def room(self) -> int:
        """How many more would be taken at once."""
        return self._writer.room

    async def record(self, entry: Entry) -> Outcome:
        """Record an event; when this returns, it is committed. Raises LedgerUnavailableError, after which the event
        may or may not be recorded: recording it again is safe. Raises BacklogFullError, after which it is not.
        """
        try:
            return await self._writer.write(entry)
        except TimeoutError:
            raise _late() from None

    async def record_all(self, entries: Sequence[Entry]) -> list[Outcome | BaseException]:
        """Record several, as each alone; what that would raise stands in its place. Of those with the same key the
        first is recorded. Raises BacklogFullError, after which none is.
        """
        outcomes = await self._writer.write_all(entries)
        return [_late() if isinstance(each, TimeoutError) else each for each in outcomes]

    async def finish(self) -> None:
        """Wait for what is being written though nobody waits for it any more, before the engine is disposed of."""
        await self._writer.finish()

    async def _record(self, entries: Sequence[Entry]) -> list[Outcome | LedgerUnavailableError]:
        """Record several. Of those with the same key the first is recorded, if none was before."""
        unsettled: dict[EventKey, Entry] = {}
        for entry in entries:
            unsettled.setdefault(entry.key, entry)
        new: set[EventKey] = set()
        first: dict[EventKey, First] = {}
        for _ in range(3):  # more than one round only where pruning removes a key in between
            inserted, found = await self._write(unsettled)
            new |= inserted
            first |= {key: _of(unsettled[key]) for key in inserted} | found
            unsettled = {key: entry for key, entry in unsettled.items() if key not in first}
            if not unsettled:
                replaced = await self._replace(entries, first)
                outcomes = [_outcome(entry, first, new, replaced) for entry in entries]
                return await self._keep(entries, outcomes)
        raise LedgerUnavailableError(_COMES_AND_GOES)

    async def _replace(self, entries: Sequence[Entry], first: dict[EventKey, First]) -> dict[EventKey, Entry]:
        """Write what replaces another event under its key, each key's first. What somebody else was faster with is
        looked up again.
        """
        wanted: dict[EventKey, Replacement] = {}
        for entry in entries:
            if _succession(entry, first[entry.key]) is Succession.REPLACES:
                wanted.setdefault(entry.key, Replacement(entry=entry, first=first[entry.key].fingerprint))
        if not wanted:
            return {}
        with unavailable():
            async with self._engine.begin() as connection:
                replaced = await replace(connection, list(wanted.values()))
                first |= await find_first(connection, wanted.keys() - replaced)
        owed = sum(len(wanted[key].entry.decision.contributions) for key in replaced)
        self._taker.take(self._taker.reserve(0), [], left=owed)
        return {key: wanted[key].entry for key in replaced}

    async def _keep(
        self, entries: Sequence[Entry], outcomes: list[Outcome | LedgerUnavailableError]
    ) -> list[Outcome | LedgerUnavailableError]:
        """Keep what followed, beside what it followed."""
        paired = list(zip(entries, outcomes, strict=True))
        followers = [entry for entry, outcome in paired if isinstance(outcome, Followed)]
        if not followers:
            return outcomes
        # Not in the transaction of what was replaced: its locks are held to its end, and more would be out of order.
        with unavailable():
            async with self._engine.begin() as connection:
                kept = await keep(connection, followers)
        return [
            LedgerUnavailableError(_COMES_AND_GOES) if isinstance(each, Followed) and entry.key not in kept else each
            for entry, each in paired
        ]

    async def _write(self, unsettled: Mapping[EventKey, Entry]) -> tuple[set[EventKey], dict[EventKey, First]]:
        """Write what is new, handing over what it owes, and find the others."""
        reservation = self._taker.reserve(sum(len(entry.decision.contributions) for entry in unsettled.values()))
        try:
            with unavailable():
                async with self._engine.begin() as connection:
                    inserted = await insert_new(connection, list(unsettled.values()), reservation)
                    # The insert waited for whoever holds a key, so their row is visible to another statement.
                    found = await find_first(connection, unsettled.keys() - inserted.keys)
        except BaseException:
            self._taker.forgo(reservation)
            raise
        claims, left = _handed_over(unsettled.values(), inserted, reservation)
        self._taker.take(reservation, claims, left=left)
        return inserted.keys, found


def _late() -> LedgerUnavailableError:
    return LedgerUnavailableError("no answer in time")


def _handed_over(entries: Collection[Entry], inserted: Inserted, reservation: Reservation) -> tuple[list[Claim], int]:
    """Of what new events owe, what is leased with the reservation, and how much is not."""
    owed = [(entry.key, contribution) for entry in entries for contribution in entry.decision.contributions]
    slots = reservation.slots if inserted.leased else 0
    claims = [
        Claim(
            id=contribution.id,
            key=key,
            source_id=contribution.source_id,
            body=contribution.body,
            attempt=1,
            age=timedelta(),
            lease_token=reservation.token,
            doubtful=False,
        )
        for key, contribution in owed[:slots]
        if key in inserted.keys
    ]
    return claims, sum(key in inserted.keys for key, _ in owed) - len(claims)


def _of(entry: Entry) -> First:
    decision = entry.decision
    decided = Decided(contributions=len(decision.contributions), ignored=decision.ignored)
    return First(fingerprint=entry.fingerprint, decided=decided)


def _succession(entry: Entry, first: First) -> Succession | None:
    """None where it is the same event."""
    if entry.fingerprint == first.fingerprint:
        return None
    return succession(first.decided.ignored, entry.decision.ignored)


def _outcome(
    entry: Entry, first: dict[EventKey, First], new: set[EventKey], replaced: Mapping[EventKey, Entry]
) -> Outcome | LedgerUnavailableError:
    """What became of it, one after the other: whoever comes next finds what this one left."""
    key, decided = entry.key, _of(entry).decided
    if key in new:
        new.remove(key)
        return Recorded(decided)
    match _succession(entry, first[key]):
        case None:
            return Duplicate(first[key].decided)
        case Succession.OWES_NOTHING:
            return Followed(decided)
        case Succession.REPLACES if entry is replaced.get(key):
            first[key] = _of(entry)
            return Recorded(decided)
        case Succession.REPLACES if key not in replaced:
            return LedgerUnavailableError(_COMES_AND_GOES)
        case _:
            return Conflict()


_COMES_AND_GOES = "an event's key comes and goes"
