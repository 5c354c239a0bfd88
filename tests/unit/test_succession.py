"""What becomes of an event under whose key another one was recorded."""

import pytest

from app.domain.filtering import IgnoreReason
from app.domain.succession import Succession, succession

STATES = (IgnoreReason.EVENT_TYPE_NOT_COUNTED, IgnoreReason.STATUS_NOT_COUNTED)
OTHERS = tuple(reason for reason in IgnoreReason if reason not in (*STATES, IgnoreReason.ROLLBACK))


@pytest.mark.parametrize("later", STATES)
@pytest.mark.parametrize("first", [None, *IgnoreReason])
def test_a_state_that_does_not_count_changes_nothing(first: IgnoreReason | None, later: IgnoreReason) -> None:
    assert Succession.OWES_NOTHING is succession(first, later)


@pytest.mark.parametrize("later", [None, IgnoreReason.ROLLBACK, *OTHERS])
@pytest.mark.parametrize("first", STATES)
def test_after_such_a_state_the_next_one_decides(first: IgnoreReason, later: IgnoreReason | None) -> None:
    assert Succession.REPLACES is succession(first, later)


@pytest.mark.parametrize("first", [None, IgnoreReason.ROLLBACK, *OTHERS])
def test_a_rollback_of_what_is_decided_changes_nothing(first: IgnoreReason | None) -> None:
    assert Succession.OWES_NOTHING is succession(first, IgnoreReason.ROLLBACK)


@pytest.mark.parametrize("later", [None, *OTHERS])
@pytest.mark.parametrize("first", [None, *OTHERS, IgnoreReason.ROLLBACK])
def test_nothing_replaces_what_counted_was_rolled_back_or_was_ignored_for_what_it_is(
    first: IgnoreReason | None, later: IgnoreReason | None
) -> None:
    assert Succession.CONFLICTS is succession(first, later)
