"""The ledger as its promises describe it: what became of each event, without SQL, time or concurrency."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from app.domain.event import EventKey
from app.domain.filtering import IgnoreReason
from app.domain.intervention import Action, Discard, Replay
from app.domain.settlement import Status
from app.ledger.handover import Reservation
from app.ledger.inbox import Conflict, Duplicate, Followed, Outcome, Recorded
from app.ledger.recording import Decided, Entry
from tests.model.gateway import Course

STATES = {IgnoreReason.EVENT_TYPE_NOT_COUNTED, IgnoreReason.STATUS_NOT_COUNTED}


@dataclass(slots=True, kw_only=True)
class Owed:
    """A contribution. `over` says that its lease has ended, `old` that it is given up if it fails now, `doubtful` that
    it may be at the Gateway for all that replies have said, `misjudged` that a person had it sent again although it was
    there or still to come there.
    """

    status: Status = Status.PENDING
    attempts: int = 0
    token: UUID | None = None
    begun: bool = False
    over: bool = False
    doubtful: bool = False
    misjudged: bool = False
    old: bool = False

    def leave(self, status: Status, *, spent: bool) -> None:
        """End its lease."""
        self.status, self.token, self.begun, self.over = status, None, False, False
        self.attempts += spent


@dataclass(slots=True, kw_only=True)
class Promises:
    """What the ledger has promised so far."""

    deduplicates: bool
    events: dict[EventKey, tuple[bytes, Decided]] = field(default_factory=dict)
    owed: dict[UUID, Owed] = field(default_factory=dict)
    paused: bool = False

    def record(self, entry: Entry, reservation: Reservation) -> Outcome:
        """The answer owed, which is the first recording's. What is reserved for is leased and begun with it."""
        decision = entry.decision
        decided = Decided(contributions=len(decision.contributions), ignored=decision.ignored)
        first = self.events.get(entry.key)
        if first and first[0] == entry.fingerprint:
            return Duplicate(first[1])
        if first and decided.ignored in STATES:
            return Followed(decided)
        if first and first[1].ignored not in STATES:
            return Followed(decided) if decided.ignored is IgnoreReason.ROLLBACK else Conflict()
        self.events[entry.key] = entry.fingerprint, decided
        self.owed |= {contribution.id: Owed() for contribution in decision.contributions}
        if not first and not self.paused:
            self.claim([owed.id for owed in decision.contributions[: reservation.slots]], reservation.token)
            self.begin(reservation.token)
        return Recorded(decided)

    def due(self) -> set[UUID]:
        """What may be claimed."""
        return set() if self.paused else self.standing(Status.PENDING)

    def standing(self, *statuses: Status) -> set[UUID]:
        """What is in one of these statuses."""
        return {key for key, owed in self.owed.items() if owed.status in statuses}

    def leased(self, *tokens: UUID) -> set[UUID]:
        """What is leased with one of these tokens."""
        return {key for key, owed in self.owed.items() if owed.token in tokens}

    def tokens(self) -> list[UUID]:
        """Every token that something is leased with."""
        return sorted({owed.token for owed in self.owed.values() if owed.token})

    def intervene(self, key: UUID, action: Action) -> None:
        """A person changed it."""
        owed = self.owed[key]
        match action:
            case Replay(absent=absent):
                owed.status, owed.attempts, owed.old = Status.PENDING, 0, False
                owed.doubtful &= not absent
            case Discard():
                owed.status = Status.DISCARDED

    def age(self) -> None:
        """Time goes by, so much that whatever fails now is given up."""
        for owed in self.owed.values():
            owed.old = True

    def all_old(self) -> bool:
        """Whether more time would change nothing."""
        return all(owed.old for owed in self.owed.values())

    def claim(self, keys: Iterable[UUID], token: UUID) -> None:
        """Lease these."""
        for key in keys:
            self.owed[key].status, self.owed[key].token = Status.IN_FLIGHT, token

    def begin(self, token: UUID) -> set[UUID]:
        """What may be sent now."""
        ours = self.renew(token)
        for key in ours:
            self.owed[key].begun = True
        return ours

    def renew(self, *tokens: UUID, among: Iterable[UUID] | None = None) -> set[UUID]:
        """What is leased anew, also where the lease was over and nobody took it."""
        ours = self.leased(*tokens) if among is None else self.leased(*tokens).intersection(among)
        for key in ours:
            self.owed[key].over = False
        return ours

    def end(self, token: UUID) -> None:
        """The lease's time is over."""
        for key in self.leased(token):
            self.owed[key].over = True

    def release(self, token: UUID) -> set[UUID]:
        """What was given back."""
        ours = self.leased(token)
        for key in ours:
            self.owed[key].leave(Status.PENDING, spent=False)
        return ours

    def settle(self, key: UUID, token: UUID, status: Status, course: Course) -> bool:
        """Whether the lease is ours, so that the outcome is written."""
        owed = self.owed[key]
        if owed.token != token:
            return False
        owed.leave(status, spent=course.spent)
        owed.doubtful = course.doubtful or (owed.doubtful and status is not Status.CONTRIBUTED)
        return True

    def recover(self) -> tuple[int, int]:
        """How many went back unsent, and how many may have been sent."""
        left = [owed for owed in self.owed.values() if owed.over]
        sent = [owed for owed in left if owed.begun]
        for owed in left:
            owed.doubtful |= owed.begun
            to_unknown = owed.begun and not self.deduplicates
            owed.leave(Status.UNKNOWN if to_unknown else Status.PENDING, spent=owed.begun)
        return len(left) - len(sent), len(sent)
