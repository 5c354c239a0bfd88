"""The open loop's schedule: what is due stays due at its own time."""

from benchmarks.generator.steady import Schedule

MILLISECOND = 1_000_000
FIRST = 5 * MILLISECOND


def _schedule(*, count: int = 10) -> Schedule:
    return Schedule(first=FIRST, rate=1000, count=count)


def test_requests_are_due_at_equal_distances() -> None:
    schedule = _schedule()

    assert [FIRST, FIRST + MILLISECOND, FIRST + 9 * MILLISECOND] == [schedule.due(number) for number in (0, 1, 9)]


def test_nothing_is_due_before_the_first() -> None:
    assert [] == list(_schedule().take(FIRST - 1))


def test_each_request_is_taken_once() -> None:
    schedule = _schedule()
    taken = [list(schedule.take(FIRST + at * MILLISECOND // 2)) for at in range(5)]

    assert [[0], [], [1], [], [2]] == taken


def test_after_a_stall_all_that_became_due_is_taken_with_its_own_times() -> None:
    schedule = _schedule()
    schedule.take(FIRST)
    late = list(schedule.take(FIRST + 4 * MILLISECOND))

    assert [1, 2, 3, 4] == late
    assert [FIRST + number * MILLISECOND for number in late] == [schedule.due(number) for number in late]


def test_it_is_over_when_the_last_was_due() -> None:
    schedule = _schedule(count=3)
    before = schedule.over
    schedule.take(FIRST + 100 * MILLISECOND)

    assert (False, True) == (before, schedule.over)
    assert [] == list(schedule.take(FIRST + 200 * MILLISECOND))
