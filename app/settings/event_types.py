"""Event types and statuses that can't count: two settings claim them at once, or all events have another one."""

from collections.abc import Iterator

from app.domain.filtering import folded
from app.settings.feeds import FeedSettings


def event_type_mistakes(feed: FeedSettings, of_contributions: list[str]) -> Iterator[tuple[str, str]]:
    """Each with the key in the feed's section. `of_contributions` are those that mark contributions' own events. All
    are compared as the filters do.
    """
    if rollbacks := _both(feed.event_types, feed.rollback_event_types):
        yield "event_types", f"{rollbacks} counts for nothing: it is one of rollback_event_types, which come first"
    constant = feed.fields.event_type.constant if feed.fields.event_type else None
    if constant is not None and not _both([constant], feed.event_types):
        yield "fields.event_type.constant", "is none of event_types, so nothing would count"
    yield from _unlisted(feed, of_contributions)
    status = feed.fields.status.constant if feed.fields.status else None
    if status is not None and feed.statuses and not _both([status], feed.statuses):
        yield "fields.status.constant", "is none of statuses, so nothing would count"
    if own := _both(feed.event_types, of_contributions):
        yield "event_types", f"{own} counts for nothing: it is one of contribution_events.event_types, which come first"


def _unlisted(feed: FeedSettings, of_contributions: list[str]) -> Iterator[tuple[str, str]]:
    """Types of ours that the operator's stand for, and that no list has: of no use, and probably mistyped."""
    place = feed.fields.event_type
    if place is None:
        return
    ours = {f"values.{theirs}": our for theirs, our in place.values.items()} | {"default": place.default}
    listed = [*feed.event_types, *feed.rollback_event_types, *of_contributions]
    for key, our in ours.items():
        if our is not None and not _both([our], listed):
            yield f"fields.event_type.{key}", "is none of event_types and none of rollback_event_types"


def _both(types: list[str], others: list[str]) -> str:
    return ", ".join(each for each in types if folded([each]) & folded(others))
