"""The sandbox's faults: how they are switched, how they are drawn, and that a wrong name or value is told."""

from random import Random
from typing import Any

import pytest

from app.sandbox.faults import FAULTS, Faults


def test_each_fault_has_a_rate_of_its_own_and_befalls_every_call_at_the_rate_of_one() -> None:
    for name, fault in FAULTS.items():
        assert (name, fault) == Faults().changed({name: 1.0}).draw(Random(1))


def test_without_rates_all_goes_well() -> None:
    assert Faults().draw(Random(1)) is None


def test_a_rate_is_the_share_of_calls() -> None:
    faults, random = Faults(hang=0.25), Random(1)

    assert 250 == pytest.approx(sum(faults.draw(random) is not None for _ in range(1000)), abs=50)


@pytest.mark.parametrize(
    ("status", "takes"), [(200, True), (204, True), (302, None), (404, False), (500, None), (503, False), (999, None)]
)
def test_any_status_can_be_wished_for_and_takes_money_as_such_an_answer_would(status: int, takes: object) -> None:
    drawn = Faults(status=status, status_rate=1.0).draw(Random(1))

    assert drawn
    assert (status, takes) == (drawn[1].status, drawn[1].takes)


@pytest.mark.parametrize("value", [7, "7", "Wed, 21 Oct 2026 07:28:00 GMT", "soon"])
def test_what_is_said_of_a_wait_is_said_as_it_is_wished(value: int | str) -> None:
    assert value == Faults().changed({"retry_after": value}).retry_after


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("locusts", 1.0),
        ("hang", "often"),
        ("hang", True),
        ("taken", 1),
        ("retry_after", None),
        ("retry_after", 1.5),
        ("status", "500"),
        ("status", 199),
        ("status", 1000),
    ],
)
def test_what_is_no_fault_changes_nothing(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        Faults().changed({name: value})
