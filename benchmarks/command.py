"""The command: chooses scenarios, runs them in rounds on one bench, and reports."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Never

import typer
from rich.console import Console
from rich.table import Table

from app.ledger.embedded import EmbeddedServer
from app.sandbox.setup import FolderTakenError, Setup
from benchmarks import scenarios
from benchmarks.bench import Bench
from benchmarks.contender import NotRunnableError
from benchmarks.cores import available, divided
from benchmarks.database import Database, NotDurableError
from benchmarks.measurement import Measurement
from benchmarks.report import Report
from benchmarks.results import YARDSTICK, Results
from benchmarks.scenario import SCENARIOS, NotRun, Scenario
from benchmarks.table import table

ROUNDS, QUICK_ROUNDS = 3, 1
SECONDS, QUICK_SECONDS = 5.0, 2.0
ROWS, QUICK_ROWS = 1_000_000, 20_000
FIRST = "yardstick"
PUBLISHED = Path("docs")

_console = Console(width=None if sys.stdout.isatty() else 150)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is measured, how often and for how long; `command` gives the same again."""

    command: str
    chosen: Sequence[Scenario]
    rounds: int
    seconds: float
    rows: int
    quick: bool


def main() -> None:
    """Run the command. Exits 1 when we lost or doubled something, or were not measured, 2 on a wrong command line."""
    typer.run(benchmarks)


def benchmarks(
    names: Annotated[list[str] | None, typer.Argument(help="Scenarios; without any, all of them.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the scenarios, and run none.")] = False,
    quick: Annotated[bool, typer.Option(help="Fewer scenarios, one round, shorter loads.")] = False,
    rounds: Annotated[int | None, typer.Option(help="How often everything is measured.", min=1)] = None,
    seconds: Annotated[float | None, typer.Option(help="How long a load is about to last.", min=0.1)] = None,
    rows: Annotated[int | None, typer.Option(help="Events that the largest ledger holds before.", min=0)] = None,
    folder_of_report: Annotated[
        Path | None, typer.Option("--report", help="A folder for benchmarks.md, .json and charts.")
    ] = None,
    folder: Annotated[Path, typer.Option(help="Where its database and logs go: a new one, or its own.")] = Path(
        ".sandbox/benchmarks"
    ),
) -> None:
    """Measure what the service costs, beside what the frameworks cost doing nothing."""
    chosen = _chosen(names or [], quick=quick)
    if listing:
        _console.print(_list(chosen))
        return
    plan = Plan(
        command=_as_typed(names or [], quick=quick, rounds=rounds, seconds=seconds, rows=rows),
        chosen=chosen,
        rounds=rounds or (QUICK_ROUNDS if quick else ROUNDS),
        seconds=seconds or (QUICK_SECONDS if quick else SECONDS),
        rows=rows if rows is not None else QUICK_ROWS if quick else ROWS,
        quick=quick,
    )
    report = _carried_out(plan, folder)
    _show(report)
    whole = not names and not quick
    if place := folder_of_report or (PUBLISHED if whole else None):
        report.write(place)
    if report.failures:
        _fail("; ".join(report.failures))


def _carried_out(plan: Plan, folder: Path) -> Report:
    """In a folder of its own, whatever an earlier run left there."""
    setup = Setup(folder=folder.resolve())
    try:
        with setup.own_folder():
            if (left := EmbeddedServer(setup.folder)).running:  # by a run that was killed
                left.stop("immediate")
            setup.empty_folder()
            return asyncio.run(_interruptible(plan, setup.folder))
    except (FolderTakenError, NotDurableError) as error:
        _fail(str(error))
    except NotRunnableError as error:
        _fail(f"{error}; see {folder}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        _fail("interrupted")


def _show(report: Report) -> None:
    _console.print(table(report.results))
    for target in report.targets:
        if target.measured is not None:
            _console.print(" | ".join(target.cells), markup=False, highlight=False, soft_wrap=True)


def _chosen(names: list[str], *, quick: bool) -> list[Scenario]:
    """Those named, and the yardstick before them: all else is a ratio of it."""
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise typer.BadParameter(f"there is no {unknown[0]}; there are {', '.join(SCENARIOS)}", param_hint="names")
    if names:
        return [SCENARIOS[name] for name in dict.fromkeys((FIRST, *names))]
    return [each for each in SCENARIOS.values() if each.quick or not quick]


def _as_typed(names: list[str], *, quick: bool, rounds: int | None, seconds: float | None, rows: int | None) -> str:
    """What gives this report again, wherever its folders are."""
    options = ["--quick"] if quick else []
    given = {"rounds": rounds, "seconds": seconds, "rows": rows}
    options += [f"--{name} {value:.10g}" for name, value in given.items() if value is not None]
    words = [*options, *names]
    return f'make bench ARGS="{" ".join(words)}"' if words else "make bench"


async def _interruptible(plan: Plan, folder: Path) -> Report:
    """SIGTERM ends it in order, as Ctrl-C does."""
    running = asyncio.current_task()
    if running is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    database = Database(folder)
    bench = Bench(folder=folder, database=database, seconds=plan.seconds, rows=plan.rows, quick=plan.quick)
    async with bench.running():
        results = Results()
        async for number, name, came in _measurements(bench, plan):
            results.keep(name, number, came)
            said = f"[{number}/{plan.rounds}] {_in_short(name, came, results)}"
            _console.print(said, markup=False, highlight=False, soft_wrap=True)
        return Report(
            command=plan.command,
            day=datetime.now(UTC).date(),
            rounds=plan.rounds,
            rows=plan.rows,
            postgres=await database.version(),
            shared=divided(available(), processes=2).shared,
            results=results,
        )


async def _measurements(bench: Bench, plan: Plan) -> AsyncIterator[tuple[int, str, Measurement | NotRun]]:
    """Contenders take turns, round by round: a machine that gets slower hits them all."""
    for number in range(1, plan.rounds + 1):
        for scenario in plan.chosen:
            async for name, came in scenario.run(bench):
                yield number, name, came


def _in_short(name: str, measured: Measurement | NotRun, results: Results) -> str:
    if isinstance(measured, NotRun):
        return f"{name}: not run: {measured.why}"
    ratio = results.ratio(name, YARDSTICK, lambda each: each.cpu)
    parts = [
        f"{measured.rate:,.0f}/s",
        f"CPU {measured.cpu:.3f} ms" + (f" ({ratio.median:.2f} x)" if ratio else ""),
        f"PostgreSQL {measured.database_cpu:.3f} ms",
        f"p50 {measured.answer.p50:.1f} p99 {measured.answer.p99:.1f} ms" if measured.answer else "",
        *measured.failures,
    ]
    return f"{name}: {', '.join(part for part in parts if part)}"


def _list(chosen: list[Scenario]) -> Table:
    table = Table("scenario", "what it shows", "quick", title="Scenarios", title_justify="left")
    for each in chosen:
        table.add_row(each.name, each.shows, "yes" if each.quick else "")
    return table


def _fail(problem: str) -> Never:
    print(f"benchmarks: {problem}", file=sys.stderr)
    raise typer.Exit(1)


_ = scenarios  # imported for what it registers
