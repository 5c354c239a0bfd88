"""How a feed's batches look: where their events are, how many may come at once, and which of them are the feed's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.domain.filtering import fold, folded

Keys = tuple[str, ...]
Others = Literal["skipped", "refused"]
Whose = Literal["ours", "others", "unsaid"]

LIMIT = 500
BODY = 1024 * 1024
SHARED = 64 * 1024  # bytes that the events of a batch may share: each is kept with all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`items` leads to the array of events, and is empty where the body is that array. What is at the keys `shared` of
    the body is part of each event. At most `limit` events come at once, in at most `body` bytes. Where `told_by` is not
    empty, only events that have one of the texts `taken` there are this feed's, compared as event types are; `others`
    says what becomes of those with another.
    """

    items: Keys = ()
    shared: Keys = ()
    limit: int = LIMIT
    body: int = BODY
    told_by: Keys = ()
    taken: frozenset[str] = frozenset()
    others: Others = "skipped"

    def is_in(self, fields: Mapping[str, Any]) -> bool:
        """Whether an object is a batch rather than an event: its array is there."""
        found: Any = fields
        for key in self.items:
            found = found.get(key) if isinstance(found, dict) else None
        return isinstance(found, list)

    def whose(self, fields: Mapping[str, Any]) -> Whose:
        """Whose an event is; unsaid where there is no text, for nobody else may know it either."""
        if not self.told_by:
            return "ours"
        found: Any = fields
        for key in self.told_by:
            found = found.get(key) if isinstance(found, dict) else None
        if not isinstance(found, str) or not fold(found):
            return "unsaid"
        return "ours" if fold(found) in folded(self.taken) else "others"


USUAL = Batch()
