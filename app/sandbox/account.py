"""The simulated Gateway's own account of every contribution call: what our ledger is checked against."""

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from app.domain.outcome import Answered, Verdict, verdict

Owed = tuple[str, str, str, str]  # feed, brand_id, event_id, source_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A contribution call. `answer` is its HTTP status, or the misbehaviour in its place; `contributed` says that
    it took a player's money, whatever was answered.
    """

    idempotency_key: str
    feed: str
    brand_id: str
    event_id: str
    source_id: str
    base_wager: str
    answer: str
    contributed: bool

    @property
    def refused_for_good(self) -> bool:
        """Whether the answer says that it never will be contributed."""
        return self.answer.isdigit() and verdict(Answered(status=int(self.answer))) is Verdict.DECLINED

    @property
    def owed(self) -> Owed:
        """What the call was for."""
        return self.feed, self.brand_id, self.event_id, self.source_id


class Account:
    """Every call, in order."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def contributions(self) -> Counter[Owed]:
        """How often each was contributed: once is right."""
        return Counter(call.owed for call in self.calls if call.contributed)

    def declined(self) -> set[Owed]:
        """What was refused for good."""
        return {call.owed for call in self.calls if call.refused_for_good}

    def twice(self) -> list[Owed]:
        """What was contributed more than once."""
        return sorted(owed for owed, times in self.contributions().items() if times > 1)

    def summary(self) -> dict[str, Any]:
        """As JSON, for GET /sandbox/account."""
        contributions = self.contributions()
        return {
            "calls": len(self.calls),
            "by_answer": dict(sorted(Counter(call.answer for call in self.calls).items())),
            "contributions": contributions.total(),
            "contributed_once": sum(times == 1 for times in contributions.values()),
            "contributed_twice": self.twice(),
        }

    def details(self) -> list[dict[str, Any]]:
        """Every call as JSON, for GET /sandbox/account/calls."""
        return [asdict(call) for call in self.calls]
