"""A feed, and the decision on an event of it: which contributions it owes, or why none."""

from dataclasses import dataclass, field
from typing import Literal

from app.domain.addresses import Addresses
from app.domain.authentication import Scheme
from app.domain.batch import USUAL, Batch
from app.domain.contribution import Contribution, contribution
from app.domain.event import Event
from app.domain.filtering import Filter, IgnoreReason
from app.domain.limits import UNLIMITED, Limits
from app.domain.mapping import FieldMapping, Path
from app.domain.rules import Rule, sources

Kind = Literal["bet", "deposit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One stream of an operator's events, posted to `/events/{name}`. Without a mapping they come in our own schema."""

    name: str
    kind: Kind
    operator_id: str
    brands: frozenset[str]
    scheme: Scheme
    addresses: Addresses = field(default_factory=Addresses)
    filter: Filter
    rules: tuple[Rule, ...]
    limits: Limits = UNLIMITED
    mapping: FieldMapping | None = None
    batch: Batch = USUAL
    cloud_events: bool = False

    @property
    def token_paths(self) -> tuple[Path, ...]:
        """Where its mapping has a player's token, which need not be called one."""
        source = self.mapping.sources.get("player_token") if self.mapping else None
        return source.paths if source else ()

    @property
    def largest_batch(self) -> int:
        """How many events a batch may have: never more than the rate ever allows at once."""
        return min(self.batch.limit, self.limits.rate.burst) if self.limits.rate else self.batch.limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What is owed for an event: contributions, or none and the reason. Exactly one of the two is given."""

    contributions: tuple[Contribution, ...] = ()
    ignored: IgnoreReason | None = None


def decide(feed: Feed, event: Event) -> Decision:
    """Decide on an event, before it is recorded, so that no later change of the configuration alters it."""
    if reason := feed.filter.ignores(event):
        return Decision(ignored=reason)
    owed = tuple([contribution(event, source, operator_id=feed.operator_id) for source in sources(feed.rules, event)])
    return Decision(contributions=owed) if owed else Decision(ignored=IgnoreReason.NO_MATCHING_RULE)
