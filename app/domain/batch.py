"""How a feed's batches look: where their events are, how many may come at once, and which of them are the feed's."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Keys = tuple[str, ...]
Others = Literal["skipped", "refused"]

LIMIT = 500
BODY = 1024 * 1024
SHARED = 64 * 1024  # bytes that the events of a batch may share: each is kept with all of them


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """`items` leads to the array of events, and is empty where the body is that array. What is at the keys `shared` of
    the body is part of each event. At most `limit` events come at once, in at most `body` bytes. Where `told_by` is not
    empty, only events that have one of the texts `taken` there are this feed's; `others` says what becomes of the rest.
    """

    items: Keys = ()
    shared: Keys = ()
    limit: int = LIMIT
    body: int = BODY
    told_by: Keys = ()
    taken: frozenset[str] = frozenset()
    others: Others = "skipped"

    def takes(self, fields: Mapping[str, Any]) -> bool:
        """Whether an event is one of this feed's."""
        if not self.told_by:
            return True
        found: Any = fields
        for key in self.told_by:
            found = found.get(key) if isinstance(found, dict) else None
        return isinstance(found, str) and found in self.taken


USUAL = Batch()
