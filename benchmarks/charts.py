"""The charts of the report."""

from benchmarks.chart import Bar, Chart
from benchmarks.names import BATCHES, title
from benchmarks.results import SINGLE, YARDSTICK, Results
from benchmarks.rivals import RIVALS
from benchmarks.table import number

OURS = (SINGLE, "accept", "latency", *BATCHES)
LATENCIES = ("latency-bare-route", "latency", "backlog-before", "backlog")
_COMPARED = ("bare-asgi", "bare-model", YARDSTICK, "accept", SINGLE)


def charts(results: Results) -> dict[str, Chart]:
    """By the end of the file's name; those only that have something to show."""
    made = {
        "cpu": _cpu(results, _compared(results), "CPU for each event"),
        "rate": _rate(results),
        "batches": _cpu(results, _in_arrays(results), "CPU for each event, alone and in arrays"),
        "latency": _latency(results),
    }
    return {name: chart for name, chart in made.items() if chart.bars}


def _compared(results: Results) -> list[str]:
    return [name for name in (*_COMPARED, *(rival.name for rival in RIVALS)) if name in results.measured]


def _in_arrays(results: Results) -> list[str]:
    arrays = [name for name in BATCHES if name in results.measured]
    return [YARDSTICK, SINGLE, *arrays] if arrays else []


def _cpu(results: Results, names: list[str], says: str) -> Chart:
    bars = list[Bar]()
    for name in names:
        application, database = (
            results.of(name, lambda each: each.cpu),
            results.of(name, lambda each: each.database_cpu),
        )
        if application and database:
            parts = (application.median, database.median)
            bars.append(Bar(label=title(name), parts=parts, shown=number(sum(parts)), ours=name in OURS))
    bare = results.of(YARDSTICK, lambda each: each.cpu)
    return Chart(
        title=says,
        axis="milliseconds of one core",
        bars=bars,
        legend=("application", "PostgreSQL and brokers"),
        line=bare.median if bare else None,
    )


def _rate(results: Results) -> Chart:
    bars = [
        Bar(label=title(name), parts=(rate.median,), shown=number(rate.median), ours=name in OURS)
        for name in _compared(results)
        if (rate := results.of(name, lambda each: each.rate))
    ]
    return Chart(
        title="Events a second on one core, until all that is owed for them is done", axis="events/s", bars=bars
    )


def _latency(results: Results) -> Chart:
    bars = list[Bar]()
    for name in LATENCIES:
        p50, p99 = results.of(name, lambda each: each.p50), results.of(name, lambda each: each.p99)
        if p50 and p99:
            values = f"{number(p50.median)} / {number(p99.median)}"
            parts = (p50.median, p99.median - p50.median)
            bars.append(Bar(label=title(name), parts=parts, shown=values, ours=name in OURS))
    return Chart(
        title="From the moment when a request was due to its answer",
        axis="milliseconds",
        bars=bars,
        legend=("p50", "up to p99"),
    )
