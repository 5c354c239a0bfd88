"""Releases what was ignored by mistake, a page at a time, and says what was done; or what would be."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine

from app.api.reading import Reader
from app.cli.comparing import Judged, Tally, judged
from app.domain.comparison import Difference
from app.domain.filtering import IgnoreReason
from app.domain.intervention import Signature
from app.ledger.releasing import NEVER, Content, Release, release
from app.ledger.stored import Period, stored

RELEASABLE = frozenset(IgnoreReason) - {NEVER}


@dataclass(slots=True, kw_only=True)
class Releasing:
    """What came of it so far. Without a signature nothing is done: then all that would count is `eligible`."""

    readers: Mapping[str, Reader]
    signature: Signature | None
    found: Tally
    released: Counter[IgnoreReason] = field(default_factory=Counter)
    contributions: int = 0
    eligible: int = 0

    @property
    def left(self) -> int:
        """How many were being changed by others, or were released by them meanwhile."""
        return self.eligible - self.released.total() if self.signature else 0

    async def run(self, engine: AsyncEngine, period: Period) -> None:
        """Release all of a period that would count. Raises LedgerUnavailableError, after which it can be run again."""
        async for page in stored(engine, period):
            verdicts = [judged(self.readers, each) for each in page]
            for each in verdicts:
                self.found.add(each)
            owing = {owed.key: owed for verdict in verdicts if (owed := _release(verdict))}
            self.eligible += len(owing)
            done = await release(engine, list(owing.values()), self.signature) if self.signature else set(owing)
            for key in done:
                self.released[owing[key].ignored] += 1
                self.contributions += len(owing[key].contributions)

    def as_json(self) -> dict[str, Any]:
        """What was done, or would be, and what was found."""
        return {
            "done": self.signature is not None,
            "released": dict(self.released),
            "contributions": self.contributions,
            "left": self.left,
            "found": self.found.as_json(),
        }

    def summary(self) -> str:
        """The same in a line or two."""
        by_reason = ", ".join(f"{reason} {count}" for reason, count in self.released.most_common())
        text = f"{'released' if self.signature else 'would release'} {self.released.total()}"
        if by_reason:
            text += f": {by_reason}; contributions owed: {self.contributions}"
        if rest := self.found.compared - self.eligible:
            text += f"\nleft as they are, since they would not count now either: {rest}"
        if self.left:
            text += f"\nleft, since they were being changed meanwhile: {self.left}; run it again"
        return text


def _release(verdict: Judged) -> Release | None:
    past, differs, entry = verdict.stored.past, verdict.differs, verdict.entry
    if differs is None or differs.kind is not Difference.WOULD_COUNT or not entry or not past.ignored:
        return None
    return Release(
        key=past.key,
        fingerprint=verdict.stored.fingerprint,
        ignored=past.ignored,
        contributions=entry.decision.contributions,
        other_states=len(verdict.stored.other_states),
        counting=Content(fingerprint=entry.fingerprint, payload=entry.payload) if verdict.other_state else None,
    )
