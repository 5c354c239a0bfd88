"""The judge: what a contender acknowledged against the Gateway's own account."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

Call = tuple[str, str, int]  # the event's id, the wager as it was written, when it arrived


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """Counts of events. `unasked` were contributed and never acknowledged: made after an answer that was none, or not
    ours at all.
    """

    acknowledged: int
    contributed: int
    lost: int
    twice: int
    unasked: int
    wrong_amount: int

    @property
    def holds(self) -> bool:
        """Whether each was contributed once, as it was asked."""
        return not (self.lost or self.twice or self.wrong_amount)


def judge(acknowledged: dict[str, str], calls: Iterable[Call]) -> Judgement:
    """`acknowledged` has the amount of each event that got a 2xx."""
    made = Counter[str]()
    wrong = set[str]()
    for event_id, wager, _ in calls:
        made[event_id] += 1
        if event_id in acknowledged and Decimal(wager) != Decimal(acknowledged[event_id]):
            wrong.add(event_id)
    return Judgement(
        acknowledged=len(acknowledged),
        contributed=len(made),
        lost=len(acknowledged.keys() - made.keys()),
        twice=sum(times > 1 for times in made.values()),
        unasked=len(made.keys() - acknowledged.keys()),
        wrong_amount=len(wrong),
    )
