"""What was measured, as a table for the terminal and for Markdown."""

from collections.abc import Callable

from rich.table import Table

from benchmarks.results import SINGLE, YARDSTICK, Results, Spread

Column = Callable[[Results, str], Spread | None]

COLUMNS: dict[str, Column] = {
    "events/s": lambda results, name: results.of(name, lambda each: each.rate),
    "CPU ms": lambda results, name: results.of(name, lambda each: each.cpu),
    "x bare route": lambda results, name: results.ratio(name, YARDSTICK, lambda each: each.cpu),
    "PostgreSQL ms": lambda results, name: results.of(name, lambda each: each.database_cpu),
    "WAL bytes": lambda results, name: results.of(name, lambda each: each.wal),
    "commits": lambda results, name: results.of(name, lambda each: each.commits),
    "dead rows": lambda results, name: results.of(name, lambda each: each.dead),
    "MB": lambda results, name: results.of(name, lambda each: each.memory_after / 1e6),
    "p50 ms": lambda results, name: results.of(name, lambda each: each.p50),
    "p99 ms": lambda results, name: results.of(name, lambda each: each.p99),
}
BESIDE_SINGLE: dict[str, Column] = {
    "events/s x bare route": lambda results, name: results.ratio(name, YARDSTICK, lambda each: each.rate),
    "events/s x single": lambda results, name: results.ratio(name, SINGLE, lambda each: each.rate),
    "CPU x bare route": lambda results, name: results.ratio(name, YARDSTICK, lambda each: each.cpu),
    "CPU x single": lambda results, name: results.ratio(name, SINGLE, lambda each: each.cpu),
    "PostgreSQL x bare route": lambda results, name: results.quotient(
        name, lambda each: each.database_cpu, YARDSTICK, lambda each: each.cpu
    ),
    "PostgreSQL x single": lambda results, name: results.ratio(name, SINGLE, lambda each: each.database_cpu),
}


def table(results: Results) -> Table:
    """For the terminal."""
    made = Table("", *COLUMNS, title="For each event; medians of the rounds", title_justify="left")
    made.columns[0].no_wrap = True
    for column in made.columns[1:]:
        column.justify = "right"
    for name in results.measured:
        made.add_row(name, *(_median(value(results, name)) for value in COLUMNS.values()))
    return made


def _median(spread: Spread | None) -> str:
    return "" if spread is None else number(spread.median)


def shown(spread: Spread | None) -> str:
    """Three digits that count; the spread where there is one."""
    if spread is None:
        return ""
    if spread.least == spread.most:
        return number(spread.median)
    return f"{number(spread.median)} ({number(spread.least)} to {number(spread.most)})"


def number(value: float) -> str:
    """1234.5 as 1,234; 12.345 as 12.3; 0.12345 as 0.123."""
    for least, form in ((100, ",.0f"), (10, ".1f"), (1, ".2f")):
        if abs(value) >= least:
            return format(value, form)
    return format(value, ".3f")
