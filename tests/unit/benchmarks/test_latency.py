"""Percentiles of a full record."""

import pytest

from benchmarks.latency import Latency, latency, percentile

HUNDRED = range(1, 101)


@pytest.mark.parametrize(
    ("share", "expected"),
    [(0.0, 1), (0.01, 1), (0.5, 50), (0.501, 51), (0.9, 90), (0.99, 99), (0.999, 100), (1.0, 100)],
)
def test_a_percentile_is_the_least_value_that_so_many_do_not_exceed(share: float, expected: int) -> None:
    assert expected == percentile(HUNDRED, share)


def test_of_one_value_every_percentile_is_that_value() -> None:
    assert [7.0, 7.0, 7.0] == [percentile([7.0], share) for share in (0.01, 0.5, 0.99)]


def test_of_no_values_there_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_latency_is_in_milliseconds_and_of_values_in_any_order() -> None:
    nanoseconds = [number * 1_000_000 for number in reversed(HUNDRED)]

    assert Latency(p50=50, p90=90, p99=99, max=100) == latency(nanoseconds)


def test_of_nothing_there_is_no_latency() -> None:
    assert latency([]) is None
