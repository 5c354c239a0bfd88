"""The judge of the fault suite: what it must notice."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.sandbox.account import Call
from tests.chaos.attempt import Outcome
from tests.chaos.database import LedgerRows
from tests.chaos.judge import Judgement, judge
from tests.chaos.record import Promise, WriteAheadRecord, Written
from tests.chaos.scenario import SCENARIOS
from tests.chaos.scenarios import control

BET, WIN = ("bet", "brand1", "1"), ("bet", "brand1", "2")
OWED = (*BET, "a")


def _written(**changes: Any) -> Written:
    """A bet that was promised a contribution, and a win that owes none."""
    fields: dict[str, Any] = {
        "sent": {BET, WIN},
        "promised": {BET: Promise(contributions=1, amount="2.50"), WIN: Promise(contributions=0, amount="9")},
    }
    return Written(**(fields | changes))


def _call(
    answer: str = "200", *, made: bool = True, event_id: str = "1", source_id: str = "a", amount: str = "2.50"
) -> Call:
    return Call(
        idempotency_key="",
        feed="bet",
        brand_id="brand1",
        event_id=event_id,
        source_id=source_id,
        base_wager=amount,
        answer=answer,
        contributed=made,
    )


def _ledger(
    status: str = "contributed", *, events: frozenset[tuple[str, str, str]] = frozenset({BET, WIN})
) -> LedgerRows:
    return LedgerRows(events=events, statuses={OWED: status})


@pytest.mark.parametrize(
    ("calls", "status", "expected"),
    [
        ([_call()], "contributed", {"contributed": 1}),
        ([_call(amount="2.5")], "contributed", {"contributed": 1}),
        ([_call("422", made=False)], "declined", {"declined": 1}),
        ([_call("503", made=False), _call()], "contributed", {"contributed": 1}),
        ([_call("hang")], "unknown", {"contributed": 1, "unknown_made": 1}),
        ([_call("reset", made=False)], "unknown", {"unknown_open": 1}),
        ([], "unknown", {"unknown_open": 1}),
    ],
    ids=["once", "same amount", "declined", "after a 503", "unknown and made", "unknown and not made", "cut off"],
)
def test_what_was_made_declined_or_is_known_to_be_unknown_breaks_no_promise(
    calls: list[Call], status: str, expected: dict[str, int]
) -> None:
    judgement = judge(_written(), calls, _ledger(status))

    assert judgement.broken() == []
    assert expected.items() <= _counts(judgement).items()
    assert 2 == judgement.acknowledged


@pytest.mark.parametrize(
    ("calls", "ledger", "expected"),
    [
        ([], _ledger("contributed"), {"lost": 1, "contradicted": 1}),
        ([], LedgerRows(events=frozenset({BET, WIN}), statuses={}), {"lost": 1}),
        ([], _ledger("pending"), {"lost": 1, "unsettled": 1}),
        ([], _ledger("expired"), {"lost": 1, "contradicted": 1}),
        ([_call("503", made=False)], _ledger("declined"), {"lost": 1, "contradicted": 1}),
        ([_call(), _call()], _ledger(), {"twice": 1}),
        ([_call("hang"), _call()], _ledger(), {"twice": 1}),
        ([_call("hang"), _call()], _ledger("unknown"), {"twice": 1}),
        ([_call(), _call(event_id="2", amount="9")], _ledger(), {"unasked": 1}),
        ([_call(), _call(event_id="debit-1")], _ledger(), {"unasked": 1}),
        ([_call(), _call(source_id="b")], _ledger(), {"unasked": 1}),
        ([_call(amount="2.51")], _ledger(), {"wrong_amount": 1}),
        ([_call()], _ledger("declined"), {"contradicted": 1}),
        ([_call()], _ledger(events=frozenset({BET})), {"unrecorded": 1}),
        ([_call()], _ledger(events=frozenset({WIN})), {"unrecorded": 1}),
    ],
    ids=[
        "contributed only in the ledger",
        "no row",
        "stuck",
        "given up",
        "declined only in the ledger",
        "twice",
        "twice unseen",
        "twice, and unknown",
        "for a win",
        "for a debit",
        "to a second source",
        "another amount",
        "made, and declined in the ledger",
        "an ignored event missing",
        "an accepted event missing",
    ],
)
def test_what_breaks_a_promise_is_noticed(calls: list[Call], ledger: LedgerRows, expected: dict[str, int]) -> None:
    judgement = judge(_written(), calls, ledger)

    assert expected == {name: count for name, count in _counts(judgement).items() if name in _PROMISES and count}
    assert len(expected) == len(judgement.broken())


def test_an_event_that_was_never_acknowledged_is_noticed() -> None:
    assert 1 == judge(_written(sent={BET, WIN, ("bet", "brand1", "3")}), [_call()], _ledger()).unanswered


def test_an_event_that_was_twice_acknowledged_as_new_is_noticed(tmp_path: Path) -> None:
    record = WriteAheadRecord(tmp_path / "record")
    for fresh in (True, False, True):
        record.acknowledged(BET, Promise(contributions=1, amount="2.50"), fresh=fresh)

    assert 1 == judge(record.read(), [_call()], _ledger()).recorded_twice


def test_the_record_says_what_was_sent_before_it_says_what_was_acknowledged(tmp_path: Path) -> None:
    record = WriteAheadRecord(tmp_path / "record")
    record.sending(BET)
    assert Written(sent={BET}) == record.read()

    record.acknowledged(BET, Promise(contributions=1, amount="2.50"), fresh=True)
    assert {BET: Promise(contributions=1, amount="2.50")} == record.read().promised


def _outcome(**changes: Any) -> Outcome:
    fields: dict[str, Any] = {
        "scenario": SCENARIOS[control.nothing.__name__],
        "judgement": judge(_written(), [_call("hang")], _ledger("unknown")),
        "may_be_unknown": 1,
        "balances": True,
        "errors": {},
        "calls": {"hang": 1},
        "surprises": (),
        "seconds": 1.0,
        "recovered": 1.0,
    }
    return Outcome(**(fields | changes))


def test_an_outcome_within_its_bounds_holds() -> None:
    assert [] == _outcome().failures


@pytest.mark.parametrize(
    "changes",
    [
        {"may_be_unknown": 0},
        {"balances": False},
        {"errors": {"ReadError": 1}},
        {"surprises": ("refused: 422 instead of accepted",)},
        {"recovered": None},
        {"scenario": replace(SCENARIOS["nothing"], shows=frozenset({"403"}))},
        {"judgement": judge(_written(), [], _ledger())},
        {"judgement": judge(Written(), [], LedgerRows(events=frozenset(), statuses={}))},
    ],
    ids=[
        "too many unknown",
        "out of balance",
        "an error not tolerated",
        "a wrong answer",
        "stuck",
        "no fault",
        "lost",
        "no load",
    ],
)
def test_an_outcome_beyond_its_bounds_does_not_hold(changes: dict[str, Any]) -> None:
    assert _outcome(**changes).failures


_PROMISES = {
    "lost",
    "twice",
    "unasked",
    "wrong_amount",
    "contradicted",
    "unsettled",
    "unanswered",
    "unrecorded",
    "recorded_twice",
}


def _counts(judgement: Judgement) -> dict[str, int]:
    return {name: getattr(judgement, name) for name in Judgement.__dataclass_fields__}
