"""The decision on an event: the contributions it owes, or the reason for none."""

from dataclasses import replace
from decimal import Decimal

import pytest

from app.authentication.insecure import Insecure
from app.domain.contribution import contribution
from app.domain.feed import Decision, Feed, decide
from app.domain.filtering import Filter, IgnoreReason, LoopFilter, folded
from app.domain.rules import Rule
from tests.unit.events import event

FEED = Feed(
    name="bet",
    kind="bet",
    operator_id="casino",
    brands=frozenset({"brand1"}),
    scheme=Insecure(),
    filter=Filter(
        loop=LoopFilter(provider_ids=folded(["thrilltech"]), game_codes=frozenset(), event_types=frozenset()),
        rollback_event_types=folded(["ROLLBACK"]),
        counted_event_types=folded(["BET"]),
        minimum_amount=Decimal(0),
    ),
    rules=(Rule(source_id="{game_code}"),),
)


def test_an_accepted_event_owes_a_contribution_to_its_source() -> None:
    owed = contribution(event(), "book-of-examples", operator_id="casino")

    assert Decision(contributions=(owed,)) == decide(FEED, event())


def test_an_event_owes_one_contribution_for_each_source_of_its_rules() -> None:
    rules = (Rule(source_id="sitewide"), Rule(source_id="{game_code}"), Rule(source_id="sitewide"))
    owed = tuple(contribution(event(), source, operator_id="casino") for source in ("sitewide", "book-of-examples"))

    assert Decision(contributions=owed) == decide(replace(FEED, rules=rules), event())


def test_contributions_of_one_event_have_ids_of_their_own() -> None:
    rules = (Rule(source_id="sitewide"), Rule(source_id="{game_code}"))
    decision = decide(replace(FEED, rules=rules), event())

    assert len({owed.id for owed in decision.contributions}) == 2


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"provider_id": "thrilltech"}, IgnoreReason.CONTRIBUTION_EVENT),
        ({"event_type": "ROLLBACK"}, IgnoreReason.ROLLBACK),
        ({"event_type": "WIN"}, IgnoreReason.EVENT_TYPE_NOT_COUNTED),
        ({"game_code": None}, IgnoreReason.NO_MATCHING_RULE),
        ({"game_code": None, "event_type": "WIN"}, IgnoreReason.EVENT_TYPE_NOT_COUNTED),
    ],
)
def test_an_ignored_event_owes_nothing_and_says_why(changes: dict[str, str], reason: IgnoreReason) -> None:
    assert Decision(ignored=reason) == decide(FEED, event(**changes))


def test_without_rules_every_event_is_ignored() -> None:
    assert Decision(ignored=IgnoreReason.NO_MATCHING_RULE) == decide(replace(FEED, rules=()), event())
