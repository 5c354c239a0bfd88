"""What becomes of a contribution after each verdict."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain.outcome import Verdict
from app.domain.settlement import RetryPolicy, Settlement, Status, settlement

POLICY = RetryPolicy(
    deduplicates=False,
    backoff_base=timedelta(seconds=1),
    backoff_limit=timedelta(minutes=5),
    retry_after_limit=timedelta(hours=1),
    hold=timedelta(seconds=10),
    give_up_after=timedelta(hours=24),
)
DEDUPLICATING = replace(POLICY, deduplicates=True)
YOUNG, OLD = timedelta(), timedelta(hours=24)
RETRIED = [
    (Verdict.RETRY, POLICY),
    (Verdict.RETRY, DEDUPLICATING),
    (Verdict.UNAVAILABLE, POLICY),
    (Verdict.AMBIGUOUS, DEDUPLICATING),
]

JITTERS = st.floats(0, 1, exclude_max=True)
ATTEMPTS = st.integers(1, 10_000)
DURATIONS = st.timedeltas(timedelta(milliseconds=1), timedelta(days=7))


def _settled(
    verdict: Verdict,
    policy: RetryPolicy = POLICY,
    *,
    attempt: int = 1,
    age: timedelta = YOUNG,
    retry_after: timedelta | None = None,
    jitter: float = 0.5,
) -> Settlement:
    return settlement(verdict, policy, attempt=attempt, age=age, retry_after=retry_after, jitter=jitter)


@pytest.mark.parametrize("policy", [POLICY, DEDUPLICATING])
@pytest.mark.parametrize("age", [YOUNG, OLD])
@pytest.mark.parametrize(
    ("verdict", "expected"), [(Verdict.CONTRIBUTED, Status.CONTRIBUTED), (Verdict.DECLINED, Status.DECLINED)]
)
def test_a_final_answer_is_final(verdict: Verdict, expected: Status, policy: RetryPolicy, age: timedelta) -> None:
    assert Settlement(status=expected) == _settled(verdict, policy, age=age)


@pytest.mark.parametrize("age", [YOUNG, OLD])
def test_an_ambiguous_outcome_is_unknown_where_the_gateway_does_not_deduplicate(age: timedelta) -> None:
    expected = Settlement(status=Status.UNKNOWN, doubtful=True)

    assert expected == _settled(Verdict.AMBIGUOUS, age=age, retry_after=timedelta(seconds=1))


@pytest.mark.parametrize(("verdict", "policy"), RETRIED)
def test_what_may_be_repeated_is_due_again_and_spends_an_attempt(verdict: Verdict, policy: RetryPolicy) -> None:
    expected = Settlement(status=Status.PENDING, delay=timedelta(seconds=0.5), doubtful=verdict is Verdict.AMBIGUOUS)

    assert expected == _settled(verdict, policy)


@pytest.mark.parametrize("policy", [POLICY, DEDUPLICATING])
def test_what_was_not_sent_is_due_again_and_spends_no_attempt(policy: RetryPolicy) -> None:
    expected = Settlement(status=Status.PENDING, delay=timedelta(seconds=0.5), spent=False)

    assert expected == _settled(Verdict.UNREACHABLE, policy)


@pytest.mark.parametrize("policy", [POLICY, DEDUPLICATING])
@pytest.mark.parametrize("age", [YOUNG, OLD])
@pytest.mark.parametrize("verdict", [Verdict.WITHHELD, Verdict.FORBIDDEN])
def test_a_refusal_of_our_credentials_is_held_and_spends_no_attempt(
    verdict: Verdict, policy: RetryPolicy, age: timedelta
) -> None:
    held = Settlement(status=Status.PENDING, delay=timedelta(seconds=5), spent=False)

    assert held == _settled(verdict, policy, age=age, attempt=9)


@pytest.mark.parametrize(
    ("verdict", "policy", "expected"),
    [
        (Verdict.RETRY, POLICY, Status.EXPIRED),
        (Verdict.RETRY, DEDUPLICATING, Status.EXPIRED),
        (Verdict.UNREACHABLE, POLICY, Status.EXPIRED),
        (Verdict.UNAVAILABLE, POLICY, Status.EXPIRED),
        (Verdict.AMBIGUOUS, DEDUPLICATING, Status.UNKNOWN),
    ],
)
def test_after_give_up_after_it_is_left_to_a_person(verdict: Verdict, policy: RetryPolicy, expected: Status) -> None:
    settled = _settled(verdict, policy, age=OLD, attempt=2, retry_after=timedelta(seconds=1))

    assert (expected, verdict is Verdict.AMBIGUOUS) == (settled.status, settled.doubtful)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (Status.CONTRIBUTED, Settlement(status=Status.CONTRIBUTED)),
        (Status.PENDING, Settlement(status=Status.PENDING, doubtful=True)),
        (Status.DECLINED, Settlement(status=Status.UNKNOWN, doubtful=True)),
        (Status.EXPIRED, Settlement(status=Status.UNKNOWN, doubtful=True)),
        (Status.UNKNOWN, Settlement(status=Status.UNKNOWN, doubtful=True)),
    ],
)
def test_only_an_acceptance_ends_the_doubt_that_an_earlier_call_left(status: Status, expected: Settlement) -> None:
    """The repetition may be refused for being one, or for what has changed since."""
    assert expected == Settlement(status=status).after_doubt()


@pytest.mark.parametrize("verdict", [Verdict.RETRY, Verdict.UNAVAILABLE])
def test_a_first_answer_is_never_given_up_on(verdict: Verdict) -> None:
    """What it answers may have waited out a pause or an outage."""
    assert Status.PENDING is _settled(verdict, age=OLD, attempt=1).status


def test_giving_up_on_what_was_never_sent_spends_no_attempt() -> None:
    assert Settlement(status=Status.EXPIRED, spent=False) == _settled(Verdict.UNREACHABLE, age=OLD)


@pytest.mark.parametrize(("verdict", "policy"), RETRIED)
def test_until_give_up_after_it_is_tried_again(verdict: Verdict, policy: RetryPolicy) -> None:
    settled = _settled(verdict, policy, age=OLD - timedelta(microseconds=1), attempt=10_000)

    assert settled.status is Status.PENDING


@pytest.mark.parametrize(
    ("attempt", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (9, 128), (10, 150), (31, 150), (10_000, 150)]
)
def test_the_wait_doubles_with_each_attempt_up_to_the_limit(attempt: int, seconds: float) -> None:
    expected = timedelta(seconds=seconds)

    assert expected == _settled(Verdict.RETRY, attempt=attempt).delay


@given(attempt=ATTEMPTS, jitter=JITTERS, base=DURATIONS, limit=DURATIONS)
@example(attempt=31, jitter=0.5, base=timedelta(days=1), limit=timedelta(minutes=5))
def test_the_wait_is_between_nothing_and_the_limit(
    attempt: int, jitter: float, base: timedelta, limit: timedelta
) -> None:
    policy = replace(POLICY, backoff_base=base, backoff_limit=limit)

    assert timedelta() <= _settled(Verdict.RETRY, policy, attempt=attempt, jitter=jitter).delay <= limit


@given(JITTERS)
def test_the_wait_is_spread_over_all_of_its_range(jitter: float) -> None:
    expected = timedelta(seconds=1) * jitter

    assert expected == _settled(Verdict.RETRY, jitter=jitter).delay


@given(verdict=st.sampled_from([Verdict.WITHHELD, Verdict.FORBIDDEN]), attempt=ATTEMPTS, jitter=JITTERS)
def test_a_hold_is_spread_whatever_the_attempt(verdict: Verdict, attempt: int, jitter: float) -> None:
    expected = POLICY.hold * jitter

    assert expected == _settled(verdict, attempt=attempt, jitter=jitter).delay


@pytest.mark.parametrize(("verdict", "policy"), RETRIED)
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        (None, 0.5),
        (timedelta(), 0.5),
        (timedelta(seconds=0.1), 0.5),
        (timedelta(seconds=20), 20),
        (timedelta(hours=1), 3600),
        (timedelta(hours=2), 3600),
        (timedelta.max, 3600),
    ],
)
def test_the_wait_that_the_gateway_asks_for_is_the_least_up_to_its_limit(
    verdict: Verdict, policy: RetryPolicy, retry_after: timedelta | None, seconds: float
) -> None:
    expected = timedelta(seconds=seconds)

    assert expected == _settled(verdict, policy, retry_after=retry_after).delay


@given(attempt=ATTEMPTS, retry_after=DURATIONS, jitter=JITTERS)
def test_no_wait_is_shorter_than_asked_for_or_longer_than_both_limits(
    attempt: int, retry_after: timedelta, jitter: float
) -> None:
    delay = _settled(Verdict.RETRY, attempt=attempt, retry_after=retry_after, jitter=jitter).delay

    assert min(retry_after, POLICY.retry_after_limit) <= delay <= max(POLICY.retry_after_limit, POLICY.backoff_limit)
