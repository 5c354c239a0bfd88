"""The report: targets, charts and tables as Markdown and SVG, and every round as JSON."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from benchmarks.charts import LATENCIES, charts
from benchmarks.latency import Latency
from benchmarks.machine import machine, versions
from benchmarks.measurement import Measurement
from benchmarks.names import BATCHES, CONTENDERS, title
from benchmarks.results import SINGLE, Results, Value
from benchmarks.rivals import RIVALS
from benchmarks.scenario import SCENARIOS
from benchmarks.table import BESIDE_SINGLE, COLUMNS, shown
from benchmarks.targets import Target, targets, verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run came to. `shared` says that two processes left no core for the rest."""

    command: str
    day: date
    rounds: int
    rows: int
    postgres: str
    shared: bool
    results: Results

    def write(self, folder: Path) -> None:
        """As `benchmarks.md`, `benchmarks.json` and `benchmarks-*.svg`."""
        folder.mkdir(parents=True, exist_ok=True)
        drawn = charts(self.results)
        for name, chart in drawn.items():
            (folder / f"benchmarks-{name}.svg").write_text(chart.svg())
        (folder / "benchmarks.md").write_text(self._markdown(drawn))
        (folder / "benchmarks.json").write_text(json.dumps(self._json(), indent=2) + "\n")

    @property
    def targets(self) -> list[Target]:
        """Each with what was measured."""
        return targets(self.results, rows=self.rows, shared=self.shared)

    @property
    def failures(self) -> list[str]:
        """What we lost, doubled or refused, in words."""
        return [
            f"{title(name)}: {failure}"
            for name, rounds in self.results.measured.items()
            if name not in CONTENDERS
            for each in rounds.values()
            for failure in each.failures
        ]

    def _markdown(self, drawn: Iterable[str]) -> str:
        lines = [
            "# Benchmarks",
            "",
            self._introduction(),
            "",
            f"**{verdict(self.targets)}** {self._right()}",
            "",
            *_rows(["target", "wanted", "measured", "holds"], [target.cells for target in self.targets]),
            "",
            *_EXPLANATION,
            *(line for name in drawn for line in ("", f"![{name}](benchmarks-{name}.svg)")),
            *self._costs(),
            *self._batches(),
            *self._latencies(),
            *self._rivals(),
            *self._not_run(),
            "",
            "## What was measured",
            "",
            *_rows(["scenario", "what it shows"], [[f"`{each.name}`", each.shows] for each in SCENARIOS.values()]),
        ]
        return "\n".join(lines) + "\n"

    def _right(self) -> str:
        return f"NOT right: {'; '.join(self.failures)}." if self.failures else "Nothing was lost, doubled or refused."

    def _introduction(self) -> str:
        place, software = machine(), versions(self.postgres)
        times = "once" if self.rounds == 1 else f"in {self.rounds} rounds"
        cores = (
            "With two processes of the application there was no core left for the rest, which shared theirs: what they "
            "could do on more cores shows in their CPU for each event."
            if self.shared
            else "Two processes have a core each, and the rest has others."
        )
        return (
            f"Written by `{self.command}` on {self.day.isoformat()}, {times}: {place['cores']} cores "
            f"({place['processor']}, {place['memory']}, {place['kernel']}), "
            f"{', '.join(f'{name} {which}' for name, which in software.items())}. {cores}"
        )

    def _costs(self) -> list[str]:
        rows = [
            [title(name), *(shown(value(self.results, name)) for value in COLUMNS.values())]
            for name in self.results.measured
        ]
        return ["", "## For each event", "", *_rows(["", *COLUMNS], rows, numbers=True)]

    def _batches(self) -> list[str]:
        names = [name for name in BATCHES if name in self.results.measured]
        if not names:
            return []
        rows = [
            [title(name), *(shown(value(self.results, name)) for value in BESIDE_SINGLE.values()), *self._judged(name)]
            for name in (SINGLE, *names)
            if name in self.results.measured
        ]
        head = ["", *BESIDE_SINGLE, *_JUDGED]
        return ["", "## In arrays", "", *_IN_ARRAYS, *self._spared(names[-1]), "", *_rows(head, rows, numbers=True)]

    def _spared(self, name: str) -> list[str]:
        cpu = self.results.ratio(name, SINGLE, lambda each: each.all_cpu)
        if cpu is None:
            return []
        size, times = BATCHES[name], shown(cpu)
        return [f"In an array of {size} an event took {times} times the CPU of one alone, PostgreSQL's too."]

    def _latencies(self) -> list[str]:
        rows = []
        for name in LATENCIES:
            if name in self.results.measured:
                answer = [self.results.of(name, _part("answer", part)) for part in _PARTS]
                delay = [self.results.of(name, _part("delay", part)) for part in ("p50", "p99")]
                rows.append([title(name), *map(shown, (*answer, *delay))])
        head = ["", "p50 ms", "p90 ms", "p99 ms", "longest ms", "202 to Gateway p50 ms", "p99 ms"]
        return ["", "## Latency at a steady rate", "", *_rows(head, rows, numbers=True)] if rows else []

    def _rivals(self) -> list[str]:
        rows = [[each.title, each.promises, *self._kept(each.name)] for each in RIVALS]
        if not rows:
            return []
        rows.insert(0, ["event-processor", "acknowledged after the commit; contributed once", *self._kept(SINGLE)])
        head = ["", "what an acknowledgement is worth", *_JUDGED, "we are faster by"]
        return ["", "## Instead", "", *_rows(head, rows)]

    def _not_run(self) -> list[str]:
        others = [f"- {name}: {why}" for name, why in self.results.not_run.items() if name not in CONTENDERS]
        return ["", "## Not run", "", *others] if others else []

    def _kept(self, name: str) -> list[str]:
        if name in self.results.not_run and name not in self.results.measured:
            return [f"not run: {self.results.not_run[name]}", "", "", ""]
        return [*self._judged(name), shown(self.results.ratio(SINGLE, name, lambda each: each.rate))]

    def _judged(self, name: str) -> list[str]:
        judged = [each.judgement for each in self.results.measured.get(name, {}).values() if each.judgement]
        return [f"{sum(getattr(each, count) for each in judged):,}" for count in _JUDGED.values()]

    def _json(self) -> dict[str, object]:
        return {
            "command": self.command,
            "date": self.day.isoformat(),
            "rounds": self.rounds,
            "machine": machine(),
            "versions": versions(self.postgres),
            "targets": [
                {"target": each.says, "wanted": each.cells[1], "measured": each.measured and asdict(each.measured)}
                | {"holds": each.holds}
                for each in self.targets
            ],
            "not_run": self.results.not_run,
            "measured": {
                name: [asdict(measurement) for measurement in rounds.values()]
                for name, rounds in self.results.measured.items()
            },
        }


_JUDGED = {"events": "acknowledged", "lost": "lost", "twice": "twice"}
_PARTS = ("p50", "p90", "p99", "max")
_EXPLANATION = (
    "Medians of the rounds, and least to most; ratios were taken within each round. *CPU* is of all processes of the",
    "application, from the first request until the last contribution was made and settled, divided by the events sent.",
    "The application has one core; PostgreSQL, the Gateway and the generator have the others. *Events/s*: until all",
    "that is owed for them is done. [benchmarks/README.md](../benchmarks/README.md) says how it is measured.",
)
_IN_ARRAYS = (
    "The events of an array share what a request costs: HTTP, its signature, its answer. Each is read, recorded,",
    "contributed and settled as it would be alone, which is the first row; one that was refused would count as lost.",
)


def _part(of: str, part: str) -> Value:
    def value(each: Measurement) -> float | None:
        found: Latency | None = getattr(each, of)
        return float(getattr(found, part)) if found else None

    return value


def _rows(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = False) -> list[str]:
    rule = ["---", *["---:" if numbers else "---"] * (len(head) - 1)]
    return [f"| {' | '.join(cells)} |" for cells in (head, rule, *rows)]
