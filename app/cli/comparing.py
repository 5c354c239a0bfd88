"""Stored events, decided on once more by the configuration as it is now; nothing is written."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.api.problems import Refusal
from app.api.reading import Reader
from app.cli.showing import when
from app.cli.states import deciding
from app.cli.text import shown
from app.domain.comparison import Difference, Differs, difference
from app.domain.contribution import Contribution
from app.domain.masking import masked, tokens
from app.ledger.recording import Entry
from app.ledger.stored import Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A stored event, and what differs. `entry` is what would be recorded now, the event itself or another of its
    states; `refusal` says why nothing could be.
    """

    stored: Stored
    differs: Differs | None
    entry: Entry | None = None
    refusal: Refusal | None = None

    @property
    def other_state(self) -> bool:
        """Whether it is another state than the one that stands."""
        return self.entry is not None and self.entry.payload != self.stored.payload


def judged(readers: Mapping[str, Reader], stored: Stored) -> Judged:
    """Decide on a stored event anew, from what was sent."""
    reader = readers.get(stored.past.key.feed)
    if reader is None:
        return Judged(stored=stored, differs=Differs(kind=Difference.NO_FEED))
    try:
        entry = deciding(reader, stored)
    except Refusal as refusal:
        differs = Differs(kind=Difference.REFUSED, detail=refusal.kind.cause)
        return Judged(stored=stored, differs=differs, refusal=refusal)
    differing = difference(stored.past, entry.key, entry.decision)
    return Judged(stored=stored, differs=differing, entry=entry)


@dataclass(slots=True, kw_only=True)
class Tally:
    """What was found so far: how much of each difference, and the first `limit` events of each."""

    limit: int
    compared: int = 0
    counts: Counter[Differs] = field(default_factory=Counter)
    examples: list[Judged] = field(default_factory=list)

    def add(self, each: Judged) -> None:
        """Count one."""
        self.compared += 1
        if each.differs is None:
            return
        if self.of(each.differs.kind) < self.limit:
            self.examples.append(each)
        self.counts[each.differs] += 1

    def of(self, kind: Difference) -> int:
        """How many differ in this way."""
        return sum(count for differs, count in self.counts.items() if differs.kind is kind)

    def as_json(self) -> dict[str, Any]:
        """Counts by difference and detail, and the examples."""
        return {
            "compared": self.compared,
            "same": self.compared - self.counts.total(),
            "different": {
                kind: {differs.detail or "all": count for differs, count in self._of(kind)}
                for kind in Difference
                if self.of(kind)
            },
            "examples": [_example(each) for each in self.examples],
        }

    def lines(self) -> Iterator[str]:
        """The same as a person reads it."""
        yield f"compared {self.compared}: {self.compared - self.counts.total()} would be decided as they were"
        for kind in Difference:
            if self.of(kind):
                details = ", ".join(f"{differs.detail} {count}" for differs, count in self._of(kind) if differs.detail)
                yield f"{_words(kind)}: {self.of(kind)}" + (f" ({details})" if details else "")
        yield from self.example_lines()

    def example_lines(self) -> Iterator[str]:
        """The examples alone."""
        for each in self.examples:
            yield from _example_lines(_example(each))

    def _of(self, kind: Difference) -> list[tuple[Differs, int]]:
        return [(differs, count) for differs, count in self.counts.most_common() if differs.kind is kind]


def _example(each: Judged) -> dict[str, Any]:
    """An event that differs, tokens masked."""
    past, differs = each.stored.past, each.differs
    then = [owed for owed in past.contributions.values() if owed]
    now = each.entry.decision.contributions if each.entry else ()
    sent = (each.stored.payload, *([each.entry.payload] if each.entry else []))
    known = set[str]().union(*map(tokens, (*sent, *(owed.body for owed in (*then, *now)))))
    return {
        "difference": differs and differs.kind,
        "detail": differs and differs.detail,
        "feed": past.key.feed,
        "brand_id": past.key.brand_id,
        "event_id": past.key.event_id,
        "received_at": when(each.stored.received_at),
        "other_state": each.other_state,
        "was": {"ignored": past.ignored, "contributions": [_contribution(owed, known) for owed in then]},
        "now": _now(each, known),
    }


def _now(each: Judged, known: set[str]) -> dict[str, Any]:
    if each.entry:
        owed = [_contribution(owed, known) for owed in each.entry.decision.contributions]
        return {"ignored": each.entry.decision.ignored, "contributions": owed}
    if each.refusal:
        refusal = each.refusal
        return {"refused": refusal.kind.cause, "detail": refusal.detail, "errors": refusal.errors or []}
    return {"refused": Difference.NO_FEED}


def _contribution(owed: Contribution, known: set[str]) -> dict[str, str]:
    return {"id": str(owed.id), "source_id": owed.source_id, "body": masked(owed.body, known)}


def _example_lines(example: Mapping[str, Any]) -> Iterator[str]:
    key = " ".join(example[name] for name in ("feed", "brand_id", "event_id"))
    by = " by another of its states" if example["other_state"] else ""
    yield shown(f"{_words(example['difference'])}{by}: {key}, received {example['received_at']}")
    for name in ("was", "now"):
        yield from (shown(f"  {name}  {line}") for line in _sides(example[name]))


def _sides(side: Mapping[str, Any]) -> Iterator[str]:
    if "refused" in side:
        yield f"refused: {side['refused']}"
        yield from (f"         {each['pointer'] or '(the body)'} {each['detail']}" for each in side.get("errors", ()))
    elif side["ignored"]:
        yield f"ignored: {side['ignored']}"
    else:
        yield from (f"{each['id']} {each['source_id']} {each['body']}" for each in side["contributions"])


def _words(kind: Difference) -> str:
    return "would be refused" if kind is Difference.REFUSED else kind.replace("_", " ")
