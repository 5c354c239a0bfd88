"""What would be decided differently about an event that was decided on before."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from app.domain.contribution import Contribution
from app.domain.event import EventKey
from app.domain.feed import Decision
from app.domain.filtering import IgnoreReason


class Difference(StrEnum):
    """How another decision differs from the one that was made."""

    WOULD_COUNT = "would_count"  # it was ignored
    WOULD_BE_IGNORED = "would_be_ignored"  # it counted
    OTHER_REASON = "other_reason"  # to ignore it
    OTHER_SOURCES = "other_sources"  # that it contributes to
    OTHER_CONTRIBUTION = "other_contribution"  # to the same sources: another amount, player, id, …
    OTHER_KEY = "other_key"  # it would be another event
    REFUSED = "refused"  # it could not be read any more, or its brand is none of the feed's
    NO_FEED = "no_feed"  # there is no such feed any more


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What was decided. `contributions` has what the event owes by id; None in the place of what was pruned."""

    key: EventKey
    ignored: IgnoreReason | None
    contributions: Mapping[UUID, Contribution | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Differs:
    """`detail` is what tells such differences apart, in one of a few words: a reason, a field's name; never what was
    sent.
    """

    kind: Difference
    detail: str = ""


def difference(past: Past, key: EventKey, decision: Decision) -> Differs | None:
    """How what would be decided now, of the event that it would be now, differs; None where nothing does."""
    if key != past.key:
        return Differs(kind=Difference.OTHER_KEY)
    match past.ignored, decision.ignored:
        case None, None:
            return _of_contributions(past, decision)
        case None, IgnoreReason() as now:
            return Differs(kind=Difference.WOULD_BE_IGNORED, detail=now)
        case IgnoreReason() as was, None:
            return Differs(kind=Difference.WOULD_COUNT, detail=was)
        case was, now:
            return None if was == now else Differs(kind=Difference.OTHER_REASON, detail=f"{was}, now {now}")


def _of_contributions(past: Past, decision: Decision) -> Differs | None:
    """Of what was pruned only the id is known, and an id stands for its source and the event's time."""
    now = {each.source_id: each for each in decision.contributions}
    known = {each.source_id: each for each in past.contributions.values() if each}
    if None in past.contributions.values():
        same = past.contributions.keys() == {each.id for each in decision.contributions}
    else:
        same = known.keys() == now.keys()
    if not same:
        return Differs(kind=Difference.OTHER_SOURCES)
    fields = sorted({name for source, was in known.items() for name in _fields(was, now[source])})
    return Differs(kind=Difference.OTHER_CONTRIBUTION, detail=", ".join(fields)) if fields else None


def _fields(was: Contribution, now: Contribution) -> set[str]:
    """The names of what is not the same, in the body or of it."""
    found = set[str]() if was.id == now.id else {"id"}
    if was.body != now.body:
        old, new = _parsed(was.body), _parsed(now.body)
        found |= {name for name in old.keys() | new.keys() if old.get(name) != new.get(name)} or {"form"}
    return found


def _parsed(body: str) -> dict[str, Any]:
    """A body's fields, numbers as they are written: 2.5 and 2.50 are other bytes."""
    found: dict[str, Any] = json.loads(body, parse_float=str, parse_int=str)
    return found
