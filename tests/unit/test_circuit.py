"""The circuit breaker, call by call."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.circuit import THRESHOLD, Circuit, CircuitPolicy
from app.domain.outcome import Verdict

POLICY = CircuitPolicy(concurrency=64, hold=timedelta(seconds=10), ambiguous_limit=timedelta(minutes=5))
FAILURES = (Verdict.UNREACHABLE, Verdict.UNAVAILABLE, Verdict.AMBIGUOUS)
SUCCESSES = (Verdict.CONTRIBUTED, Verdict.DECLINED)
NEUTRAL = (Verdict.RETRY, Verdict.WITHHELD)


def _after(circuit: Circuit, *verdicts: Verdict, now: float = 0.0, retry_after: timedelta | None = None) -> Circuit:
    for verdict in verdicts:
        circuit = circuit.after(
            verdict, generation=circuit.generation, now=now, jitter=1.0 - 2**-53, retry_after=retry_after
        )
    return circuit


def _opened(verdict: Verdict = Verdict.UNREACHABLE) -> Circuit:
    return _after(Circuit.closed(POLICY), *[verdict] * THRESHOLD)


@pytest.mark.parametrize("verdict", FAILURES)
def test_failures_in_a_row_open_it(verdict: Verdict) -> None:
    before = _after(Circuit.closed(POLICY), *[verdict] * (THRESHOLD - 1))

    assert ("closed", "open") == (before.state, _after(before, verdict).state)


@pytest.mark.parametrize("verdict", SUCCESSES)
def test_a_success_between_them_keeps_it_closed(verdict: Verdict) -> None:
    circuit = _after(Circuit.closed(POLICY), *[Verdict.AMBIGUOUS] * (THRESHOLD - 1), verdict, Verdict.AMBIGUOUS)

    assert circuit.state == "closed"


@pytest.mark.parametrize("verdict", NEUTRAL)
def test_what_says_nothing_of_the_gateway_changes_nothing(verdict: Verdict) -> None:
    assert _opened() == _after(_opened(), verdict)
    assert Circuit.closed(POLICY) == _after(Circuit.closed(POLICY), verdict)


@given(st.integers(1, 100), st.lists(st.sampled_from(FAILURES), max_size=300))
def test_an_outage_touches_no_more_calls_than_were_allowed_at_once(concurrency: int, failures: list[Verdict]) -> None:
    """Each failure makes room for one call less, until there is room for none."""
    circuit = Circuit.closed(CircuitPolicy(concurrency=concurrency, hold=POLICY.hold, ambiguous_limit=POLICY.hold))
    under_way = touched = concurrency
    for failure in failures:
        if not under_way:
            break
        under_way -= 1
        circuit = circuit.after(failure, generation=0, now=0.0, jitter=0.0)
        more = max(0, circuit.allowed(0.0) - under_way)
        under_way, touched = under_way + more, touched + more

    assert touched <= concurrency


def test_while_it_is_open_nothing_is_allowed_and_then_one_probe() -> None:
    circuit = _opened()

    assert circuit.open_until is not None
    assert (0, 1) == (circuit.allowed(circuit.open_until - 0.001), circuit.allowed(circuit.open_until))


def test_a_probe_that_succeeds_closes_it_and_the_limit_grows_from_there() -> None:
    circuit, limits = _opened(), []
    for _ in range(4):
        circuit = _after(circuit, Verdict.CONTRIBUTED)
        limits.append(circuit.limit)

    assert ("closed", [2, 3, 4, 5]) == (circuit.state, limits)


@given(st.lists(st.sampled_from(list(Verdict)), max_size=300))
def test_the_limit_is_never_nothing_and_never_more_than_the_concurrency(verdicts: list[Verdict]) -> None:
    circuit = _after(Circuit.closed(POLICY), *verdicts)

    assert 1 <= circuit.limit <= POLICY.concurrency


def test_each_probe_that_fails_doubles_the_wait_up_to_the_hold() -> None:
    circuit, waits = _opened(), []
    for _ in range(7):
        waits.append(circuit.open_until)
        circuit = _after(circuit, Verdict.UNREACHABLE)

    assert waits == pytest.approx([0.5, 1, 2, 4, 8, 10, 10])


def test_a_probe_that_may_leave_an_unknown_contribution_waits_longer() -> None:
    circuit = _after(_opened(Verdict.AMBIGUOUS), *[Verdict.AMBIGUOUS] * 20)

    assert circuit.open_until == pytest.approx(300)


def test_half_of_the_wait_is_random() -> None:
    circuit = Circuit.closed(POLICY)
    for _ in range(THRESHOLD):
        circuit = circuit.after(Verdict.UNREACHABLE, generation=0, now=0.0, jitter=0.0)

    assert circuit.open_until == pytest.approx(0.25)


@pytest.mark.parametrize(("asked", "waits"), [(0.1, 0.5), (30, 30), (3600, 300)])
def test_the_wait_that_the_gateway_asks_for_is_the_least_up_to_its_limit(asked: float, waits: float) -> None:
    circuit = _after(Circuit.closed(POLICY), *[Verdict.UNAVAILABLE] * THRESHOLD, retry_after=timedelta(seconds=asked))

    assert circuit.open_until == pytest.approx(waits)


def test_what_was_begun_before_it_opened_says_nothing_afterwards() -> None:
    circuit = _opened()

    for verdict in Verdict:
        assert circuit == circuit.after(verdict, generation=circuit.generation - 1, now=9.0, jitter=0.0)


def test_a_missing_permission_holds_at_once_and_is_probed_at_the_same_pace() -> None:
    circuit = _after(Circuit.closed(POLICY), Verdict.FORBIDDEN)
    again = _after(circuit, Verdict.FORBIDDEN, now=10.0)

    assert ("held", 10, 0, 1) == (circuit.state, circuit.open_until, circuit.allowed(9.9), circuit.allowed(10))
    assert ("held", 20) == (again.state, again.open_until)
    assert _after(again, Verdict.CONTRIBUTED).state == "closed"
