"""What would be decided differently about an event, as a table."""

from collections.abc import Mapping
from uuid import UUID

import pytest

from app.domain.comparison import Difference, Differs, Past, difference
from app.domain.contribution import Contribution
from app.domain.event import EventKey
from app.domain.feed import Decision
from app.domain.filtering import IgnoreReason

KEY = EventKey(feed="bet", brand_id="brand1", event_id="bet-1")
SLOTS = Contribution(id=UUID(int=1), source_id="slots", body='{"source_id": "slots", "base_wager": 2.50}')
LIVE = Contribution(id=UUID(int=2), source_id="live", body='{"source_id": "live", "base_wager": 2.50}')
LARGER = Contribution(id=UUID(int=1), source_id="slots", body='{"source_id": "slots", "base_wager": 250}')
LONGER = Contribution(id=UUID(int=1), source_id="slots", body='{"source_id": "slots", "base_wager": 2.5}')
SPACED = Contribution(id=UUID(int=1), source_id="slots", body='{"source_id":"slots","base_wager":2.50}')
LATER = Contribution(id=UUID(int=9), source_id="slots", body=SLOTS.body)
ROLLBACK, MINIMUM = IgnoreReason.ROLLBACK, IgnoreReason.BELOW_MINIMUM


def owed(*contributions: Contribution) -> Past:
    return Past(key=KEY, ignored=None, contributions={each.id: each for each in contributions})


def pruned(contributions: Mapping[int, Contribution | None]) -> Past:
    return Past(key=KEY, ignored=None, contributions={UUID(int=number): each for number, each in contributions.items()})


def ignored(reason: IgnoreReason) -> Past:
    return Past(key=KEY, ignored=reason, contributions={})


def counts(*contributions: Contribution) -> Decision:
    return Decision(contributions=contributions)


@pytest.mark.parametrize(
    ("past", "now", "expected"),
    [
        (owed(SLOTS, LIVE), counts(LIVE, SLOTS), None),
        (ignored(ROLLBACK), Decision(ignored=ROLLBACK), None),
        (ignored(ROLLBACK), counts(SLOTS), Differs(kind=Difference.WOULD_COUNT, detail="rollback")),
        (
            owed(SLOTS),
            Decision(ignored=MINIMUM),
            Differs(kind=Difference.WOULD_BE_IGNORED, detail="below_minimum"),
        ),
        (
            ignored(ROLLBACK),
            Decision(ignored=MINIMUM),
            Differs(kind=Difference.OTHER_REASON, detail="rollback, now below_minimum"),
        ),
        (owed(SLOTS), counts(LIVE), Differs(kind=Difference.OTHER_SOURCES)),
        (owed(SLOTS), counts(SLOTS, LIVE), Differs(kind=Difference.OTHER_SOURCES)),
        (owed(SLOTS), counts(LARGER), Differs(kind=Difference.OTHER_CONTRIBUTION, detail="base_wager")),
        (owed(SLOTS), counts(LONGER), Differs(kind=Difference.OTHER_CONTRIBUTION, detail="base_wager")),
        (owed(SLOTS), counts(SPACED), Differs(kind=Difference.OTHER_CONTRIBUTION, detail="form")),
        (owed(SLOTS), counts(LATER), Differs(kind=Difference.OTHER_CONTRIBUTION, detail="id")),
        (pruned({1: None}), counts(LARGER), None),
        (pruned({1: None}), counts(LIVE), Differs(kind=Difference.OTHER_SOURCES)),
        (pruned({1: None, 2: LIVE}), counts(SLOTS, LIVE), None),
        (pruned({1: None, 2: LIVE}), counts(LIVE), Differs(kind=Difference.OTHER_SOURCES)),
    ],
)
def test_a_difference_is_named_with_what_it_is_about(past: Past, now: Decision, expected: Differs | None) -> None:
    assert expected == difference(past, KEY, now)


def test_what_would_be_another_event_is_only_that() -> None:
    other = EventKey(feed="bet", brand_id="brand1", event_id="another")

    assert Differs(kind=Difference.OTHER_KEY) == difference(ignored(ROLLBACK), other, counts(SLOTS))
