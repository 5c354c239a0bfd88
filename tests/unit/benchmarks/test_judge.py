"""The judge of the benchmarks: what it must notice."""

import pytest

from benchmarks.judge import Call, Judgement, judge

ONE = {"a": "2.50"}


@pytest.mark.parametrize(
    ("acknowledged", "calls", "expected"),
    [
        (ONE, [("a", "2.50", 1)], {"contributed": 1}),
        (ONE, [("a", "2.5", 1)], {"contributed": 1}),
        (ONE, [], {"lost": 1}),
        (ONE, [("a", "2.50", 1), ("a", "2.50", 2)], {"contributed": 1, "twice": 1}),
        (ONE, [("a", "2.50", 1), ("a", "2.50", 2), ("a", "2.50", 3)], {"contributed": 1, "twice": 1}),
        (ONE, [("a", "25.0", 1)], {"contributed": 1, "wrong_amount": 1}),
        (ONE, [("a", "2.50", 1), ("b", "1", 2)], {"contributed": 2, "unasked": 1}),
        (ONE, [("b", "1", 1), ("b", "1", 2)], {"contributed": 1, "unasked": 1, "twice": 1, "lost": 1}),
        ({}, [], {}),
    ],
)
def test_what_was_acknowledged_is_compared_with_the_account(
    acknowledged: dict[str, str], calls: list[Call], expected: dict[str, int]
) -> None:
    nothing = {"contributed": 0, "lost": 0, "twice": 0, "unasked": 0, "wrong_amount": 0}

    assert Judgement(acknowledged=len(acknowledged), **(nothing | expected)) == judge(acknowledged, calls)
