"""The proof that the demo ends with: what it must notice."""

import pytest

from app.sandbox.account import Account, Call
from app.sandbox.proof import Proof, prove

ACKNOWLEDGED = {("bet", "brand1", "1"): 1}
SOUND = {"owed": 1, "contributed": 0, "declined": 0, "lost": 0, "twice": 0, "unasked": 0}


def _account(*calls: tuple[str, str, str, bool]) -> Account:
    account = Account()
    account.calls = [
        Call(
            idempotency_key="",
            feed="bet",
            brand_id="brand1",
            event_id=event_id,
            source_id=source_id,
            base_wager="1",
            answer=answer,
            contributed=contributed,
        )
        for event_id, source_id, answer, contributed in calls
    ]
    return account


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([("1", "a", "200", True)], {"contributed": 1}),
        ([("1", "a", "422", False)], {"declined": 1}),
        ([("1", "a", "503", False), ("1", "a", "200", True)], {"contributed": 1}),
        ([("1", "a", "401", False), ("1", "a", "200", True)], {"contributed": 1}),
    ],
    ids=["once", "declined", "after a 503", "after a 401"],
)
def test_what_arrived_once_or_was_declined_is_proved(
    calls: list[tuple[str, str, str, bool]], expected: dict[str, int]
) -> None:
    assert prove(ACKNOWLEDGED, _account(*calls)) == Proof(**(SOUND | expected))
    assert prove(ACKNOWLEDGED, _account(*calls)).holds


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([], {"lost": 1}),
        ([("1", "a", "403", False)], {"lost": 1}),
        ([("1", "a", "503", False)], {"lost": 1}),
        ([("1", "a", "200", True), ("1", "a", "200", True)], {"contributed": 1, "twice": 1}),
        ([("1", "a", "reset", True), ("1", "a", "200", True)], {"contributed": 1, "twice": 1}),
        ([("1", "a", "200", True), ("2", "a", "200", True)], {"contributed": 2, "unasked": 1}),
        ([("1", "a", "200", True), ("1", "b", "200", True)], {"contributed": 2, "unasked": 1}),
    ],
    ids=["never sent", "forbidden", "given up", "twice", "twice unseen", "another event", "more than owed"],
)
def test_what_breaks_a_promise_is_noticed(calls: list[tuple[str, str, str, bool]], expected: dict[str, int]) -> None:
    assert prove(ACKNOWLEDGED, _account(*calls)) == Proof(**(SOUND | expected))
    assert not prove(ACKNOWLEDGED, _account(*calls)).holds
