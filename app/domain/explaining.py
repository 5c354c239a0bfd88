"""Why a feed ignores an event, in words that name what its configuration has: for whoever tries it out."""

from collections.abc import Iterable
from dataclasses import replace

from app.domain.event import Event, Particulars
from app.domain.feed import Feed
from app.domain.filtering import IgnoreReason, LoopFilter


def why(feed: Feed, event: Event, reason: IgnoreReason) -> str:
    """What of the event led to the reason, and which setting it was compared with."""
    told = event.particulars or Particulars()
    match reason:
        case IgnoreReason.CONTRIBUTION_EVENT:
            return f"{_mark(feed.filter.loop, event)} is one that marks contributions (contribution_events)"
        case IgnoreReason.ROLLBACK:
            return f"event_type {event.event_type} is one of rollback_event_types"
        case IgnoreReason.EVENT_TYPE_NOT_COUNTED:
            return f"event_type {event.event_type} is none of event_types: {_listed(feed.filter.counted_event_types)}"
        case IgnoreReason.STATUS_NOT_COUNTED:
            return f"status {told.status} is none of statuses: {_listed(feed.filter.counted_statuses)}"
        case IgnoreReason.CREDIT:
            return "the sign of the amount is not that of a stake (amount_sign)"
        case IgnoreReason.FREE_STAKE:
            return f"stake_type {told.stake_type} is one of free_stakes"
        case IgnoreReason.BONUS_STAKE:
            return f'the whole amount is the bonus of {told.bonus:f} (bonus = "subtracted")'
        case IgnoreReason.BELOW_MINIMUM:
            return f"the amount {event.amount:f} is below minimum_amount: {feed.filter.minimum_amount:f}"
        case IgnoreReason.NO_MATCHING_RULE:
            return f"no rule matches, or has all fields that it names: {_listed(each.source_id for each in feed.rules)}"


def _mark(loop: LoopFilter, event: Event) -> str:
    """The field by which the loop filter caught it: the first that does so alone."""
    nothing = frozenset[str]()
    if replace(loop, game_codes=nothing, event_types=nothing).catches(event):
        return f"provider_id {event.provider_id}"
    if replace(loop, game_codes=nothing).catches(event):
        return f"event_type {event.event_type}"
    return f"game_code {event.game_code}"


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(sorted(texts)) or "there are none"
