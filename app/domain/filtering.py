"""Which events count: the loop filter first, then rollbacks, event types, what else a platform says, the minimum."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from fnmatch import fnmatchcase

from app.domain.event import Event, Particulars


class IgnoreReason(StrEnum):
    """Why an event yields no contribution. Recorded with it and told to its sender."""

    CONTRIBUTION_EVENT = "contribution_event"  # caused by a contribution: contributing again would never end
    ROLLBACK = "rollback"
    EVENT_TYPE_NOT_COUNTED = "event_type_not_counted"  # a win, a pending or failed deposit, …
    STATUS_NOT_COUNTED = "status_not_counted"  # not approved, or no more
    CREDIT = "credit"  # money that came to the player, by its sign
    FREE_STAKE = "free_stake"
    BONUS_STAKE = "bonus_stake"  # nothing of it is the player's own money
    BELOW_MINIMUM = "below_minimum"
    NO_MATCHING_RULE = "no_matching_rule"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopFilter:
    """What marks the wallet debit or credit of a contribution. Compared without regard to case or outer white space;
    game codes may be globs.
    """

    provider_ids: frozenset[str]
    game_codes: frozenset[str]
    event_types: frozenset[str]

    def catches(self, event: Event) -> bool:
        """Whether the event was caused by a contribution."""
        game_code = fold(event.game_code)
        return (
            fold(event.provider_id) in self.provider_ids
            or fold(event.event_type) in self.event_types
            or (bool(self.game_codes) and any(fnmatchcase(game_code, glob) for glob in self.game_codes))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A feed's filter. Event types, statuses and stake types are compared without regard to case; where there are no
    counted statuses, all count. `minimum_amount` is in major units.
    """

    loop: LoopFilter
    rollback_event_types: frozenset[str]
    counted_event_types: frozenset[str]
    minimum_amount: Decimal
    counted_statuses: frozenset[str] = frozenset()
    free_stakes: frozenset[str] = frozenset()

    def ignores(self, event: Event) -> IgnoreReason | None:
        """Why the event does not count, or None when it does."""
        event_type = fold(event.event_type)
        if self.loop.catches(event):
            return IgnoreReason.CONTRIBUTION_EVENT
        if event_type in self.rollback_event_types:
            return IgnoreReason.ROLLBACK
        if event_type not in self.counted_event_types:
            return IgnoreReason.EVENT_TYPE_NOT_COUNTED
        status = event.particulars.status if event.particulars else None
        if self.counted_statuses and fold(status) not in self.counted_statuses:
            return IgnoreReason.STATUS_NOT_COUNTED
        if event.particulars and (reason := self._ignores(event.particulars, event.amount)):
            return reason
        if event.amount < self.minimum_amount:
            return IgnoreReason.BELOW_MINIMUM
        return None

    def _ignores(self, particulars: Particulars, amount: Decimal) -> IgnoreReason | None:
        if particulars.credit:
            return IgnoreReason.CREDIT
        if self.free_stakes and fold(particulars.stake_type) in self.free_stakes:
            return IgnoreReason.FREE_STAKE
        if particulars.bonus and not amount:
            return IgnoreReason.BONUS_STAKE
        return None


def folded(texts: Iterable[str]) -> frozenset[str]:
    """A list from the configuration, in the form that the filters compare."""
    return frozenset(map(fold, texts))


def fold(text: str | None) -> str:
    """A text as it is compared; that of nothing is empty."""
    return "" if text is None else text.strip().casefold()
