"""Which events count, and why the others do not."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from app.domain.event import Particulars
from app.domain.filtering import Filter, IgnoreReason, LoopFilter, folded
from tests.unit.events import event

NOTHING = LoopFilter(provider_ids=frozenset(), game_codes=frozenset(), event_types=frozenset())
FILTER = Filter(
    loop=LoopFilter(
        provider_ids=folded(["ThrillTech"]),
        game_codes=folded(["Jackpot-*", "tt[0-9]"]),
        event_types=folded(["JACKPOT_WIN"]),
    ),
    rollback_event_types=folded(["ROLLBACK", "Bet_Cancelled"]),
    counted_event_types=folded(["BET", "Bet_Placed"]),
    minimum_amount=Decimal("0.50"),
    free_stakes=folded(["Free", "true"]),
)
APPROVED = replace(FILTER, counted_statuses=folded(["Approved"]))
COUNTS = Particulars(status="approved")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, None),
        ({"event_type": "bet_placed"}, None),
        ({"event_type": " Bet "}, None),
        ({"game_code": None, "provider_id": None}, None),
        ({"provider_id": "thrilltech"}, IgnoreReason.CONTRIBUTION_EVENT),
        ({"game_code": "jackpot-1"}, IgnoreReason.CONTRIBUTION_EVENT),
        ({"event_type": "JACKPOT_WIN"}, IgnoreReason.CONTRIBUTION_EVENT),
        ({"event_type": "ROLLBACK"}, IgnoreReason.ROLLBACK),
        ({"event_type": " bet_cancelled "}, IgnoreReason.ROLLBACK),
        ({"event_type": "WIN"}, IgnoreReason.EVENT_TYPE_NOT_COUNTED),
        ({"event_type": "BET2"}, IgnoreReason.EVENT_TYPE_NOT_COUNTED),
        ({"amount": Decimal("0.499999999999999999")}, IgnoreReason.BELOW_MINIMUM),
        ({"amount": Decimal(0)}, IgnoreReason.BELOW_MINIMUM),
    ],
)
def test_an_event_counts_or_is_ignored_for_a_reason(changes: dict[str, Any], expected: IgnoreReason | None) -> None:
    assert expected == FILTER.ignores(event(**changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"provider_id": "thrilltech", "event_type": "ROLLBACK"}, IgnoreReason.CONTRIBUTION_EVENT),
        ({"provider_id": "thrilltech", "event_type": "WIN"}, IgnoreReason.CONTRIBUTION_EVENT),
        ({"provider_id": "thrilltech", "amount": Decimal(0)}, IgnoreReason.CONTRIBUTION_EVENT),
        ({"event_type": "ROLLBACK", "amount": Decimal(0)}, IgnoreReason.ROLLBACK),
        ({"event_type": "WIN", "amount": Decimal(0)}, IgnoreReason.EVENT_TYPE_NOT_COUNTED),
    ],
)
def test_the_reason_told_is_the_first_that_applies(changes: dict[str, Any], expected: IgnoreReason) -> None:
    assert expected == FILTER.ignores(event(**changes))


def test_a_type_that_is_both_counted_and_a_rollback_is_a_rollback() -> None:
    both = replace(FILTER, counted_event_types=folded(["BET"]), rollback_event_types=folded(["BET"]))

    assert both.ignores(event()) is IgnoreReason.ROLLBACK


@pytest.mark.parametrize(
    ("changes", "amount", "expected"),
    [
        ({}, "2.50", None),
        ({"status": " APPROVED "}, "2.50", None),
        ({"stake_type": "real"}, "2.50", None),
        ({"bonus": Decimal(1)}, "2.50", None),
        ({"status": "pending"}, "2.50", IgnoreReason.STATUS_NOT_COUNTED),
        ({"status": None}, "2.50", IgnoreReason.STATUS_NOT_COUNTED),
        ({"credit": True}, "2.50", IgnoreReason.CREDIT),
        ({"stake_type": "free"}, "2.50", IgnoreReason.FREE_STAKE),
        ({"stake_type": "TRUE"}, "2.50", IgnoreReason.FREE_STAKE),
        ({"bonus": Decimal(1)}, "0.00", IgnoreReason.BONUS_STAKE),
        ({"bonus": Decimal(1)}, "0.49", IgnoreReason.BELOW_MINIMUM),
        ({"status": "pending", "credit": True}, "0", IgnoreReason.STATUS_NOT_COUNTED),
    ],
)
def test_what_only_some_platforms_say_decides_too(
    changes: dict[str, Any], amount: str, expected: IgnoreReason | None
) -> None:
    said = event(particulars=replace(COUNTS, **changes), amount=Decimal(amount))

    assert expected == APPROVED.ignores(said)


def test_where_statuses_count_an_event_without_one_does_not() -> None:
    assert APPROVED.ignores(event()) is IgnoreReason.STATUS_NOT_COUNTED


def test_without_statuses_and_free_stakes_all_of_them_count() -> None:
    plain = replace(FILTER, counted_statuses=frozenset(), free_stakes=frozenset())

    assert plain.ignores(event(particulars=Particulars(status="pending", stake_type="free"))) is None


@pytest.mark.parametrize("provider_id", ["ThrillTech", "THRILLTECH", "thrilltech", " thrilltech", "ThrillTech\t\n"])
def test_the_loop_filter_sees_a_provider_in_any_case_and_white_space(provider_id: str) -> None:
    assert FILTER.loop.catches(event(provider_id=provider_id))


@pytest.mark.parametrize("event_type", ["JACKPOT_WIN", "jackpot_win", " Jackpot_Win "])
def test_the_loop_filter_sees_an_event_type_in_any_case_and_white_space(event_type: str) -> None:
    assert FILTER.loop.catches(event(event_type=event_type))


@pytest.mark.parametrize(
    ("game_code", "expected"),
    [
        ("jackpot-1", True),
        ("JACKPOT-", True),
        (" Jackpot-Mega \n", True),
        ("TT7", True),
        ("jackpot", False),
        ("my-jackpot-1", False),
        ("tt", False),
        ("ttx", False),
        ("tt77", False),
        (None, False),
    ],
)
def test_the_loop_filter_sees_game_codes_by_glob(game_code: str | None, *, expected: bool) -> None:
    assert expected == FILTER.loop.catches(event(game_code=game_code))


@pytest.mark.parametrize("provider_id", ["thrilltech2", "thrill tech", "", None])
def test_the_loop_filter_passes_other_providers(provider_id: str | None) -> None:
    assert not FILTER.loop.catches(event(provider_id=provider_id))


@pytest.mark.parametrize("changes", [{}, {"provider_id": None, "game_code": None}, {"provider_id": "thrilltech"}])
def test_an_empty_loop_filter_catches_nothing(changes: dict[str, Any]) -> None:
    assert not NOTHING.catches(event(**changes))


@pytest.mark.parametrize("configured", ["thrilltech", "THRILLTECH", "  ThrillTech "])
def test_the_configuration_may_be_in_any_case_and_white_space(configured: str) -> None:
    loop = replace(NOTHING, provider_ids=folded([configured]))

    assert loop.catches(event(provider_id="ThrillTech"))


@pytest.mark.parametrize("amount", ["0.50", "0.5", "0.500000000000000001", "999999999999999999"])
def test_the_minimum_is_inclusive(amount: str) -> None:
    assert FILTER.ignores(event(amount=Decimal(amount))) is None


@pytest.mark.parametrize("amount", ["0", "0.00", "0.000000000000000001"])
def test_without_a_minimum_a_zero_amount_counts(amount: str) -> None:
    unlimited = replace(FILTER, minimum_amount=Decimal(0))

    assert unlimited.ignores(event(amount=Decimal(amount))) is None
