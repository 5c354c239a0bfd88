"""Constants and defaults that mark a contribution's own event: every event that has one would be ignored."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

from app.domain.filtering import fold, folded
from app.settings.feeds import FeedSettings
from app.settings.sections import ContributionEvents


def mark_mistakes(feed: FeedSettings, marks: ContributionEvents) -> Iterator[tuple[str, str]]:
    """Each with the key in the feed's section. Values of the operator's may stand for a mark: those are known by it."""
    lists = {"provider_id": marks.provider_ids, "game_code": marks.game_codes, "event_type": marks.event_types}
    for name, place in feed.fields.given().items():
        for form, value in (("constant", place.constant), ("default", place.default)):
            if value is not None and name in lists and _is_mark(name, value, lists[name]):
                whose = "every event" if form == "constant" else f"every event without a {name}"
                yield f"fields.{name}.{form}", f"is one of contribution_events.{name}s, so {whose} would be ignored"


def _is_mark(name: str, value: str, marks: list[str]) -> bool:
    """As the loop filter sees it."""
    if name == "game_code":
        return any(fnmatchcase(fold(value), glob) for glob in folded(marks))
    return fold(value) in folded(marks)
