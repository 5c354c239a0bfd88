"""What all rounds came to: medians, spread, and ratios taken within a round."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import median

from benchmarks.measurement import Measurement
from benchmarks.scenario import NotRun

YARDSTICK = "bare-route"
SINGLE = "contribute"  # each event in a request of its own

Value = Callable[[Measurement], float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Of the rounds."""

    median: float
    least: float
    most: float


def spread(values: list[float]) -> Spread | None:
    """None of nothing."""
    return Spread(median=median(values), least=min(values), most=max(values)) if values else None


@dataclass(slots=True)
class Results:
    """Measurements by name and round. `not_run` says why a contender could not take part."""

    measured: dict[str, dict[int, Measurement]] = field(default_factory=lambda: defaultdict(dict))
    not_run: dict[str, str] = field(default_factory=dict)

    def keep(self, name: str, number: int, came: Measurement | NotRun) -> None:
        """Of a round."""
        match came:
            case Measurement():
                self.measured[name][number] = came
            case NotRun(contender=contender, why=why):
                self.not_run[contender] = why

    def of(self, name: str, value: Value) -> Spread | None:
        """Over the rounds."""
        rounds = self.measured.get(name, {}).values()
        return spread([found for each in rounds if (found := value(each)) is not None])

    def ratio(self, name: str, other: str, value: Value) -> Spread | None:
        """Of two contenders, taken within each round, so that a machine that gets slower hits both."""
        return self.quotient(name, value, other, value)

    def quotient(self, name: str, value: Value, other: str, others: Value) -> Spread | None:
        """The same, of two things."""
        ours, theirs = self.measured.get(name, {}), self.measured.get(other, {})
        pairs = [(value(ours[number]), others(theirs[number])) for number in sorted(ours.keys() & theirs.keys())]
        return spread([one / two for one, two in pairs if one is not None and two])
