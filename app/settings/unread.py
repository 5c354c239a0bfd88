"""What of a mapping's settings nothing would read, and what would look for something at no place that was named."""

from collections.abc import Iterator

from app.settings.feeds import FeedSettings
from app.settings.fields import FieldsSettings
from app.settings.profiles import profile


def unread_mistakes(feed: FeedSettings) -> Iterator[tuple[str, str]]:
    """Each with the key in the feed's section. An event may be without a stake's type and without a bonus, so where
    these are is never taken for granted: all of it would count.
    """
    own, named = _own(feed), feed.fields.given()
    if "status" in named and not feed.statuses:  # a profile that names the one names the other
        yield "statuses", "is needed with fields.status: those that count; without them, declined events would"
    if "stake_type" in own and not feed.free_stakes:
        yield "free_stakes", "is needed with fields.stake_type: those that do not count"
    if "bonus_amount" in own and feed.bonus == "counted":
        yield "bonus", '"subtracted" is needed with fields.bonus_amount, or else leave it out: the bonus counts'
    if feed.free_stakes and "stake_type" not in named:
        yield "fields.stake_type", "is needed with free_stakes: where a stake says what it is"
    if feed.bonus == "subtracted" and "bonus_amount" not in named:
        yield "fields.bonus_amount", 'is needed with bonus = "subtracted": where the bonus is'


def _own(feed: FeedSettings) -> set[str]:
    """The fields that the feed itself names, and not its profile."""
    given = FieldsSettings.model_validate(profile(feed.profile)["fields"]).given() if feed.profile else {}
    return {name for name, place in feed.fields.given().items() if place != given.get(name)}
