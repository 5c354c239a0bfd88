"""What was acknowledged, kept beside the service, and compared with what it remembers."""

from collections import Counter
from collections.abc import Iterable

from tests.fuzz.telling import Told


class Books:
    """Of all stories told to one service."""

    def __init__(self) -> None:
        self.acknowledged = Counter[str]()  # how often each event was acknowledged as new
        self.owed = 0
        self._seen = set[str]()
        self._never = set[str]()
        self._maybe = set[str]()

    def enter(self, told: Told) -> None:
        """Write down what was heard."""
        self.acknowledged.update(told.fresh)
        self._seen.update(told.accepted)
        self.owed += told.owed
        self._never.update(told.story.never)
        self._maybe.update(told.story.maybe)

    def wrong(self, recorded: Iterable[str]) -> list[str]:
        """What is not as it was acknowledged, in words; `recorded` are the ids in the ledger."""
        held = Counter(recorded)
        checks = {
            "acknowledged and not recorded": self._seen - held.keys(),
            "recorded and never acknowledged": held.keys() - self._seen - self._maybe,
            "recorded though it was refused or smuggled in": held.keys() & (self._never - self._seen),
            "recorded twice": {event_id for event_id, times in held.items() if times > 1},
            "acknowledged as new twice": {event_id for event_id, times in self.acknowledged.items() if times > 1},
        }
        return [f"{len(ids)} {words}: {sorted(ids)[:5]}" for words, ids in checks.items() if ids]
