"""A rate: never more than it says, whenever they come, and never less to whoever keeps to it."""

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from app.domain.rate import SECOND, Bucket, Rate, full, take, until

RATES = st.builds(Rate, per_second=st.integers(1, 1000), burst=st.integers(1, 1000))
PAUSES = st.lists(st.integers(0, 3 * SECOND), max_size=200)


def _taken(rate: Rate, times: Iterable[int]) -> list[int]:
    """Those of the times at which one was taken."""
    bucket, found = full(rate, now=0), list[int]()
    for now in times:
        bucket, taken = take(bucket, rate, now=now)
        found += [now] * taken
    return found


def _sums(pauses: Iterable[int]) -> list[int]:
    total, sums = 0, list[int]()
    for pause in pauses:
        total += pause
        sums.append(total)
    return sums


@given(RATES, PAUSES)
def test_within_any_time_there_are_no_more_than_the_burst_and_what_comes_back_meanwhile(
    rate: Rate, pauses: list[int]
) -> None:
    taken = _taken(rate, _sums(pauses))

    for first, began in enumerate(taken):
        for last, ended in enumerate(taken[first:], start=first):
            assert (last - first + 1) * SECOND <= rate.burst * SECOND + (ended - began) * rate.per_second


@given(RATES, st.integers(1, 100))
def test_whoever_keeps_to_the_rate_is_never_refused(rate: Rate, count: int) -> None:
    times = [number * -(-SECOND // rate.per_second) for number in range(count)]

    assert times == _taken(rate, times)


@given(RATES)
def test_a_burst_is_taken_at_once_and_one_more_is_not(rate: Rate) -> None:
    assert rate.burst == len(_taken(rate, [0] * (rate.burst + 1)))


@given(RATES, st.lists(st.integers(-(10**12), 10**12), max_size=100))
def test_a_clock_that_goes_back_gives_nothing_away(rate: Rate, times: list[int]) -> None:
    latest = max([0, *times])

    assert len(_taken(rate, times)) * SECOND <= rate.burst * SECOND + latest * rate.per_second


@given(RATES, st.integers(0, 1000 * SECOND), st.integers(1, 1000))
def test_the_wait_that_is_told_is_long_enough_and_a_second_less_is_not(rate: Rate, level: int, tokens: int) -> None:
    bucket = Bucket(level=min(level, rate.burst * SECOND), at=0)
    wanted = min(tokens, rate.burst)
    wait = until(bucket, rate, tokens=wanted)

    assert bucket.level + wait * SECOND * rate.per_second >= wanted * SECOND
    assert wait == 0 or bucket.level + (wait - 1) * SECOND * rate.per_second < wanted * SECOND


def test_the_window_is_the_time_in_which_a_burst_comes_back() -> None:
    assert [1, 2, 3] == [Rate(per_second=10, burst=burst).window for burst in (10, 20, 21)]
