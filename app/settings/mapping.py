"""From a feed's settings to its mapping, for the domain; and what is wrong with them between themselves."""

import re
from collections.abc import Iterator
from zoneinfo import ZoneInfo

from app.domain.mapping import FIELDS, FieldMapping, Source
from app.settings.feeds import FeedSettings
from app.settings.fields import FieldSettings
from app.settings.overlaps import overlap_mistakes
from app.settings.profiles import profile
from app.settings.unread import unread_mistakes

_OF_A_BET = frozenset({"game_code", "round_id"})
_EACH_EVENTS_OWN = frozenset({"event_id", "player_id", "round_id", "amount", "bonus_amount", "occurred_at"})
_NOT_TEXT = frozenset({"amount", "bonus_amount", "occurred_at"})
_FORMS = {"currency": "[A-Z0-9]{3,10}", "player_country": "[A-Z]{2}"}
_USUAL = (None, "positive", "counted", "rfc3339")
_PRINTABLE = r"[^\x00-\x1f\x7f]+"


def mapping_of(feed: FeedSettings, brands: list[str], looked_at: frozenset[str]) -> FieldMapping | None:
    """How the feed finds its events, or None where they come in our own schema. `looked_at` is what the loop filter
    knows events by.
    """
    if not _is_mapped(feed):
        return None
    given = {name: place.source() for name, place in feed.fields.given().items()}
    absent = _unread(feed) if feed.kind == "bet" else _unread(feed) | (_OF_A_BET - given.keys())
    sources = {name: given.get(name) or _by_our_name(name, feed) for name in FIELDS if name not in absent}
    return FieldMapping(
        sources=sources,
        amount_scale=feed.amount_scale,
        amount_places=feed.amount_places,
        amount_sign=feed.amount_sign,
        time_format=feed.time_format,
        zone=ZoneInfo(feed.time_zone) if feed.time_zone and feed.time_format == "iso" else None,
        samples=_samples(feed, sources, brands),
        needed=_needed(feed, looked_at),
        unnamed=frozenset(sources) - given.keys(),
    )


def _by_our_name(name: str, feed: FeedSettings) -> Source:
    """A deposit has no provider, but what comes of a contribution may name one."""
    return Source(paths=((name,),), glanced=(name, feed.kind) == ("provider_id", "deposit"))


def _is_mapped(feed: FeedSettings) -> bool:
    changed = (feed.amount_scale, feed.statuses, feed.free_stakes, feed.profile, feed.fields.given())
    usual = (feed.amount_places, feed.amount_sign, feed.bonus, feed.time_format) == _USUAL
    return any(changed) or not usual


def _unread(feed: FeedSettings) -> frozenset[str]:
    """The fields that no setting of the feed looks at."""
    looked_at = {
        "status": bool(feed.statuses),
        "stake_type": bool(feed.free_stakes),
        "bonus_amount": feed.bonus == "subtracted",
        "occurred_at": feed.time_format != "none",
    }
    return frozenset(name for name, is_looked_at in looked_at.items() if not is_looked_at)


def _needed(feed: FeedSettings, looked_at: frozenset[str]) -> frozenset[str]:
    """The one field by which the loop filter can know the feed's events: one without it could be anything's."""
    shown = _shown(feed, looked_at)
    return shown if _tells_debits(feed) and len(shown) == 1 else frozenset()


def _shown(feed: FeedSettings, looked_at: frozenset[str]) -> frozenset[str]:
    """What the loop filter looks at and the feed's events show, each its own."""
    given = feed.fields.given()
    constants = {name for name, place in given.items() if place.constant is not None}
    return frozenset({"event_type", "game_code", *given} - constants) & looked_at


def _tells_debits(feed: FeedSettings) -> bool:
    """Whether contributions' own debits may be on the feed, in a form that is not ours."""
    return feed.kind == "bet" and bool(feed.fields.given())


def _samples(feed: FeedSettings, sources: dict[str, Source], brands: list[str]) -> dict[str, str]:
    """Values that count, as the operator writes them."""
    ours = {"event_type": feed.event_types[0], "brand_id": brands[0], "currency": "EUR"}
    if feed.statuses:
        ours["status"] = feed.statuses[0]
    theirs = {name: {our: their for their, our in sources[name].values.items()} for name in ours}
    return {name: theirs[name].get(value, next(iter(theirs[name].values()), value)) for name, value in ours.items()}


def mapping_mistakes(feed: FeedSettings, brands: list[str], looked_at: frozenset[str]) -> Iterator[tuple[str, str]]:
    """What is wrong, each with the key in the feed's section. `looked_at` is what the loop filter knows events by."""
    if feed.profile and profile(feed.profile)["kind"] != feed.kind:
        yield "profile", f"is for a {profile(feed.profile)['kind']}"
    elif feed.profile and feed.fields.brand_id is None:
        ways = '{constant = "…"}, or where the payload names it, "brand_id"'
        yield "fields.brand_id", f"is needed, since the events of {feed.profile} name no brand: {ways}"
    if feed.amount_places is not None and feed.amount_scale:
        yield "amount_places", "is for major units: with amount_scale, an amount is whole"
    if feed.amount_places is None and feed.bonus == "subtracted" and not feed.amount_scale:
        yield "amount_places", 'is needed with bonus = "subtracted" in major units: 2 for most currencies'
    if feed.time_format == "iso" and feed.time_zone is None:
        yield "time_zone", 'is needed with time_format = "iso": the zone of times without one'
    yield from unread_mistakes(feed)
    for name, place in feed.fields.given().items():
        for key, mistake in _field_mistakes(name, place, brands):
            yield f"fields.{name}{key}", mistake
    yield from _loop_mistakes(feed, looked_at)
    if mapping := mapping_of(feed, brands, looked_at):
        yield from overlap_mistakes(mapping, feed.kind)


def _field_mistakes(name: str, place: FieldSettings, brands: list[str]) -> Iterator[tuple[str, str]]:
    if name in _EACH_EVENTS_OWN and (place.constant is not None or place.default is not None):
        yield "", "is each event's own: it has no constant and no default"
        return
    if name in _NOT_TEXT and place.values:
        yield ".values", "only text has values"
        return
    ours = {".constant": place.constant, ".default": place.default}
    ours |= {f".values.{theirs}": value for theirs, value in place.values.items()}
    for key, value in ours.items():
        if value is None:
            continue
        if not re.fullmatch(_FORMS.get(name, _PRINTABLE), value):
            yield key, f"is no {name}"
        elif name == "brand_id" and value not in brands:
            yield key, "is none of brands"


def _loop_mistakes(feed: FeedSettings, looked_at: frozenset[str]) -> Iterator[tuple[str, str]]:
    """A bet feed whose events show nothing that the loop filter knows would take its own debits for bets."""
    if _tells_debits(feed) and not _shown(feed, looked_at):
        wanted = " or ".join(sorted(looked_at))
        yield (
            f"fields.{min(looked_at)}",
            (
                f"contribution_events looks at {wanted}: set fields.{min(looked_at)} to where it is found, or "
                "contributions would breed contributions; if the platform's debits show it otherwise, list their "
                "game_codes or event_types there"
            ),
        )
