"""What several rounds come to, and what is said of the targets."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchmarks.judge import judge
from benchmarks.latency import Latency
from benchmarks.measurement import Measurement
from benchmarks.report import Report
from benchmarks.results import Results, Spread
from benchmarks.scenario import NotRun
from benchmarks.scenarios.backlog import drained
from benchmarks.table import number, shown
from benchmarks.targets import Target, targets, verdict

LATENCY = Latency(p50=1, p90=2, p99=3, max=4)


def measurement(**changes: Any) -> Measurement:
    fields: dict[str, Any] = {
        "events": 100,
        "statuses": {"202": 100},
        "rate": 1000.0,
        "answered_rate": 1000.0,
        "cpu": 0.2,
        "database_cpu": 0.1,
        "gateway_cpu": 0.01,
        "generator_cpu": 0.01,
        "memory_before": 100,
        "memory_after": 100,
        "wal": 1000.0,
        "answer": LATENCY,
        "delay": LATENCY,
        "from_due": LATENCY,
        "late": 0.1,
        "connections": 64,
        "judgement": None,
    }
    return Measurement(**(fields | changes))


def results(**rounds: list[Measurement]) -> Results:
    """Of names with underscores for dashes."""
    made = Results()
    for name, measurements in rounds.items():
        for round_number, each in enumerate(measurements, 1):
            made.keep(name.replace("_", "-"), round_number, each)
    return made


def report(found: Results) -> Report:
    return Report(
        command="make bench",
        day=date(2026, 11, 23),
        rounds=1,
        rows=0,
        postgres="18",
        shared=False,
        results=found,
    )


def test_the_median_of_the_rounds_has_its_spread() -> None:
    found = results(contribute=[measurement(cpu=cpu) for cpu in (0.3, 0.1, 0.2)])

    assert Spread(median=0.2, least=0.1, most=0.3) == found.of("contribute", lambda each: each.cpu)


def test_ratios_are_taken_within_a_round_before_their_median_is() -> None:
    """On a machine that got four times slower in the second round."""
    found = results(
        contribute=[measurement(cpu=1.0), measurement(cpu=4.0), measurement(cpu=1.5)],
        bare_route=[measurement(cpu=1.0), measurement(cpu=4.0), measurement(cpu=1.0)],
    )

    assert Spread(median=1, least=1, most=1.5) == found.ratio("contribute", "bare-route", lambda each: each.cpu)


def test_a_round_that_lacks_one_of_the_two_gives_no_ratio() -> None:
    found = results(contribute=[measurement(cpu=2), measurement(cpu=9)], bare_route=[measurement(cpu=1)])

    assert Spread(median=2, least=2, most=2) == found.ratio("contribute", "bare-route", lambda each: each.cpu)


def test_nothing_is_said_of_what_was_not_measured() -> None:
    found = results(contribute=[measurement()])

    assert found.of("accept", lambda each: each.cpu) is None
    assert found.ratio("contribute", "accept", lambda each: each.cpu) is None


def test_who_could_not_run_is_kept_with_the_reason() -> None:
    found = Results()
    found.keep("celery", 1, NotRun(contender="celery", why="no Redis"))

    assert ({"celery": "no Redis"}, []) == (found.not_run, list(found.measured))


@pytest.mark.parametrize(
    ("cpu", "holds"),
    [(0.10, [True, True]), (0.11, [True, False]), (0.12, [True, False]), (0.121, [False, False])],
)
def test_a_target_holds_up_to_its_bound(cpu: float, *, holds: list[bool]) -> None:
    found = results(contribute=[measurement(cpu=cpu)], bare_route=[measurement(cpu=0.1)])
    judged = {each.says: each.holds for each in targets(found, rows=0, shared=False)}

    assert holds == [
        judged["whole job: CPU of the bare route"],
        judged["whole job: CPU of the bare route (moonshot)"],
    ]


def test_a_target_that_wants_more_holds_from_its_bound_on() -> None:
    holding = results(contribute=[measurement(rate=750)], bare_route=[measurement(rate=1000)])
    missing = results(contribute=[measurement(rate=749)], bare_route=[measurement(rate=1000)])

    def judged(found: Results) -> bool | None:
        return {each.says: each.holds for each in targets(found, rows=0, shared=False)}[
            "whole job: rate of the bare route"
        ]

    assert (True, False) == (judged(holding), judged(missing))


def test_a_target_that_was_not_measured_does_not_hold_and_is_not_left_out() -> None:
    found = targets(Results(), rows=0, shared=False)

    assert {None} == {each.holds for each in found}
    assert {"not measured"} == {each.cells[2] for each in found}
    assert f"0 of 0 targets hold; {len(found)} were not to be measured." == verdict(found)


def test_a_rate_that_needs_cores_is_not_judged_where_there_are_none() -> None:
    found = results(processes_1=[measurement(rate=1000)], processes_2=[measurement(rate=1200)])

    def judged(*, shared: bool) -> list[str]:
        (target,) = [
            each for each in targets(found, rows=0, shared=shared) if each.says == "two processes: rate of one"
        ]
        return target.cells[2:]

    assert [["1.20 \N{MULTIPLICATION SIGN}", "NO"], ["1.20 \N{MULTIPLICATION SIGN}", "too few cores"]] == [
        judged(shared=False),
        judged(shared=True),
    ]


def test_the_verdict_counts() -> None:
    one = Spread(median=1, least=1, most=1)
    holding = Target(says="", bound=1, at_most=True, unit="", measured=one)
    missing = Target(says="", bound=0.5, at_most=True, unit="", measured=one)

    assert "1 of 2 targets hold." == verdict([holding, missing])


@pytest.mark.parametrize(
    ("value", "expected"), [(12_345.6, "12,346"), (99.94, "99.9"), (1.234, "1.23"), (0.1234, "0.123"), (0, "0.000")]
)
def test_numbers_are_shown_with_the_digits_that_count(value: float, expected: str) -> None:
    assert expected == number(value)


def test_a_spread_is_shown_where_there_is_one() -> None:
    assert ["", "1.00", "2.00 (1.00 to 3.00)"] == [
        shown(None),
        shown(Spread(median=1, least=1, most=1)),
        shown(Spread(median=2, least=1, most=3)),
    ]


def test_arrays_are_compared_with_single_events_and_with_the_bare_route(tmp_path: Path) -> None:
    doubled = judge({"a": "1", "b": "1", "c": "1"}, [("a", "1", 1), ("b", "1", 2), ("b", "1", 3)])
    found = results(
        bare_route=[measurement(rate=1000, cpu=0.1)],
        contribute=[measurement(rate=500, cpu=0.2, database_cpu=0.08)],
        batches_100=[measurement(rate=800, cpu=0.15, database_cpu=0.06, judgement=doubled)],
    )
    report(found).write(tmp_path)
    written = (tmp_path / "benchmarks.md").read_text()

    assert "| in arrays of 100 | 0.800 | 1.60 | 1.50 | 0.750 | 0.600 | 0.750 | 3 | 1 | 1 |" in written
    assert "In an array of 100 an event took 0.750 times the CPU of one alone" in written
    assert "in arrays of 100" in (tmp_path / "benchmarks-batches.svg").read_text()


def test_a_report_without_arrays_says_nothing_of_them(tmp_path: Path) -> None:
    report(results(bare_route=[measurement()], contribute=[measurement()])).write(tmp_path)

    assert "## In arrays" not in (tmp_path / "benchmarks.md").read_text()
    assert not (tmp_path / "benchmarks-batches.svg").exists()


def test_refusals_losses_and_doubles_are_failures() -> None:
    lost = judge({"a": "1", "b": "1"}, [("a", "1", 1), ("a", "1", 2)])

    assert [] == measurement().failures
    assert ["3 answered 503"] == measurement(statuses={"202": 97, "503": 3}).failures
    assert ["1 acknowledged and lost", "1 contributed twice"] == measurement(judgement=lost).failures


def test_a_backlog_is_drained_from_its_first_contribution_to_its_last_with_all_that_came_meanwhile() -> None:
    second = 1_000_000_000
    calls = [
        ("new-1", "1", 0),
        ("waits-1", "1", 1 * second),
        ("new-2", "1", 2 * second),
        ("waits-2", "1", 3 * second),
        ("new-3", "1", 4 * second),
    ]

    assert pytest.approx(3 / 2) == drained(calls, "waits-")
