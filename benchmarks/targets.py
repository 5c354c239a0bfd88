"""The targets: what was promised before it was measured, and whether it holds."""

from dataclasses import dataclass, replace

from benchmarks.measurement import Measurement
from benchmarks.results import YARDSTICK, Results, Spread
from benchmarks.table import shown

TIMES = "\N{MULTIPLICATION SIGN}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`bound` is what the median of the rounds has to reach: at most it, or at least it. `measured` is None where it
    was not measured; `fair` says whether this machine can show it.
    """

    says: str
    bound: float
    at_most: bool
    unit: str
    measured: Spread | None
    fair: bool = True

    @property
    def holds(self) -> bool | None:
        """None where it was not measured, or could not be shown."""
        if self.measured is None or not self.fair:
            return None
        return self.measured.median <= self.bound if self.at_most else self.measured.median >= self.bound

    @property
    def cells(self) -> list[str]:
        """For a table: what, how much is wanted, what was measured, whether it holds."""
        wanted = f"{'≤' if self.at_most else '≥'} {self.bound:g} {self.unit}"
        if self.measured is None:
            return [self.says, wanted, "not measured", ""]
        verdict = {True: "yes", False: "NO", None: "too few cores"}[self.holds]
        return [self.says, wanted, f"{shown(self.measured)} {self.unit}", verdict]


def targets(results: Results, *, rows: int, shared: bool) -> list[Target]:
    """All of them, measured or not; the large ledger held `rows` events. `shared` says that two processes of the
    application had no cores to themselves.
    """
    return [
        *_cost(results, rows),
        *_latency(results),
        *_processes(results, shared=shared),
        *_backlog(results),
        *_rivals(results),
    ]


def _cost(results: Results, rows: int) -> list[Target]:
    past, scattered = f"ledger-{rows}", f"ledger-{rows}-scattered"
    return [
        _at_most(1.2, "whole job: CPU of the bare route", results.ratio("contribute", YARDSTICK, _cpu)),
        _at_most(1.0, "whole job: CPU of the bare route (moonshot)", results.ratio("contribute", YARDSTICK, _cpu)),
        _at_least(0.75, "whole job: rate of the bare route", results.ratio("contribute", YARDSTICK, _rate)),
        _at_least(1.0, "accepting only: rate of the bare route", results.ratio("accept", YARDSTICK, _rate)),
        _at_most(
            0.5,
            "whole job: PostgreSQL's CPU, of the bare route's",
            results.quotient("contribute", lambda each: each.database_cpu, YARDSTICK, _cpu),
        ),
        _at_most(
            1.15, f"CPU, PostgreSQL's too, on {rows:,} rows: of none", results.ratio(past, "contribute", _all_cpu)
        ),
        _at_most(1.15, "the same with ids without order", results.ratio(scattered, "contribute", _all_cpu)),
    ]


def _latency(results: Results) -> list[Target]:
    bare = "latency-bare-route"
    return [
        _at_most(2, "202 at half of capacity: p50 of the bare route's", results.ratio("latency", bare, _p50)),
        _at_most(4, "202 at half of capacity: p99 of the bare route's", results.ratio("latency", bare, _p99)),
        _at_most(
            50, "from the 202 to the Gateway at half of capacity: p99", results.of("latency", _delay_p99), unit="ms"
        ),
    ]


def _processes(results: Results, *, shared: bool) -> list[Target]:
    """The rate needs cores to show in; the cost of an event, which bounds it, does not: 2 / 1.8 = 1.11."""
    rate = _at_least(1.8, "two processes: rate of one", results.ratio("processes-2", "processes-1", _rate))
    cost = results.ratio("processes-2", "processes-1", _cpu)
    return [replace(rate, fair=not shared), _at_most(1.11, "two processes: CPU of an event, of that in one", cost)]


def _backlog(results: Results) -> list[Target]:
    before, drain, steady = "backlog-before", "backlog", "backlog-steady"
    return [
        _at_least(0.9, "draining a backlog: rate of the steady one", results.ratio(drain, steady, _rate)),
        _at_most(2, "202 while it is drained: p50 of that without", results.ratio(drain, before, _p50)),
        _at_most(4, "202 while it is drained: p99 of that without", results.ratio(drain, before, _p99)),
        _at_most(
            1.1,
            "memory after the backlog, of that before",
            results.ratio(drain, steady, lambda each: each.memory_after),
        ),
    ]


_RIVALS = {
    "forwarding-fast": 7,
    "dbos": 20,
    "procrastinate": 20,
    "celery": 20,
    "pgqueuer": 3,
    "graphile-worker": 5,
    "pgqueuer-group-commit": 1.5,
    "graphile-worker-group-commit": 0.7,
}


def _rivals(results: Results) -> list[Target]:
    return [
        _at_least(bound, f"whole job: rate of {name}", results.ratio("contribute", name, _rate))
        for name, bound in _RIVALS.items()
    ]


def _at_most(bound: float, says: str, measured: Spread | None, *, unit: str = TIMES) -> Target:
    return Target(says=says, bound=bound, at_most=True, unit=unit, measured=measured)


def _at_least(bound: float, says: str, measured: Spread | None) -> Target:
    return Target(says=says, bound=bound, at_most=False, unit=TIMES, measured=measured)


def verdict(found: list[Target]) -> str:
    """In a sentence."""
    measured = [target for target in found if target.holds is not None]
    holding = sum(target.holds is True for target in measured)
    missing = len(found) - len(measured)
    return f"{holding} of {len(measured)} targets hold" + (f"; {missing} were not to be measured." if missing else ".")


def _cpu(each: Measurement) -> float:
    return each.cpu


def _all_cpu(each: Measurement) -> float:
    return each.all_cpu


def _rate(each: Measurement) -> float:
    return each.rate


def _p50(each: Measurement) -> float | None:
    return each.p50


def _p99(each: Measurement) -> float | None:
    return each.p99


def _delay_p99(each: Measurement) -> float | None:
    return each.delay_p99
