"""Why an event is ignored, in words that name the setting."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.authentication.insecure import Insecure
from app.domain.event import Particulars
from app.domain.explaining import why
from app.domain.feed import Feed, decide
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
        loop=LoopFilter(
            provider_ids=folded(["thrilltech"]), game_codes=folded(["jackpot-*"]), event_types=folded(["JACKPOT"])
        ),
        rollback_event_types=folded(["ROLLBACK"]),
        counted_event_types=folded(["BET", "SPIN"]),
        minimum_amount=Decimal("0.10"),
        counted_statuses=folded(["approved"]),
        free_stakes=folded(["free"]),
    ),
    rules=(Rule(source_id="slots", currencies=("SEK",)), Rule(source_id="live", currencies=("NOK",))),
)
APPROVED = Particulars(status="approved")


@pytest.mark.parametrize(
    ("changes", "reason", "says"),
    [
        ({"provider_id": "ThrillTech"}, IgnoreReason.CONTRIBUTION_EVENT, "provider_id ThrillTech is one that marks"),
        ({"event_type": "jackpot"}, IgnoreReason.CONTRIBUTION_EVENT, "event_type jackpot is one that marks"),
        ({"game_code": "jackpot-7"}, IgnoreReason.CONTRIBUTION_EVENT, "game_code jackpot-7 is one that marks"),
        ({"event_type": "rollback"}, IgnoreReason.ROLLBACK, "event_type rollback is one of rollback_event_types"),
        ({"event_type": "WIN"}, IgnoreReason.EVENT_TYPE_NOT_COUNTED, "WIN is none of event_types: bet, spin"),
        ({"particulars": None}, IgnoreReason.STATUS_NOT_COUNTED, "status None is none of statuses: approved"),
        ({"particulars": replace(APPROVED, credit=True)}, IgnoreReason.CREDIT, "amount_sign"),
        ({"particulars": replace(APPROVED, stake_type="Free")}, IgnoreReason.FREE_STAKE, "Free is one of free_stakes"),
        (
            {"particulars": replace(APPROVED, bonus=Decimal(2)), "amount": Decimal(0)},
            IgnoreReason.BONUS_STAKE,
            "the bonus of 2",
        ),
        ({"amount": Decimal("0.05")}, IgnoreReason.BELOW_MINIMUM, "0.05 is below minimum_amount: 0.10"),
        ({}, IgnoreReason.NO_MATCHING_RULE, "live, slots"),
    ],
)
def test_what_led_to_a_reason_is_named_with_its_setting(
    changes: dict[str, Any], reason: IgnoreReason, says: str
) -> None:
    found = event(**({"particulars": APPROVED} | changes))

    assert reason == decide(FEED, found).ignored
    assert says in why(FEED, found, reason)
