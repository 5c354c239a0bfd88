"""The command: chooses scenarios, runs them one after the other on one stand, and reports."""

import asyncio
import signal
import sys
from pathlib import Path
from random import Random
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.ledger.embedded import EmbeddedServer
from app.sandbox.setup import FolderTakenError, Setup
from tests.chaos import scenarios
from tests.chaos.attempt import Outcome, attempt
from tests.chaos.process import NotReadyError
from tests.chaos.report import Report
from tests.chaos.scenario import SCENARIOS, Scenario
from tests.chaos.stand import Stand

ROWS, QUICK_ROWS = 1_000_000, 20_000
PUBLISHED = Path("docs")

_console = Console(width=None if sys.stdout.isatty() else 130)


def main() -> None:
    """Run the command. Exits 0 only if every scenario holds, 2 on a wrong command line."""
    typer.run(chaos)


def chaos(
    names: Annotated[list[str] | None, typer.Argument(help="Scenarios; without any, all of them.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="List the scenarios, and run none.")] = False,
    quick: Annotated[bool, typer.Option(help="Fewer scenarios and shorter ones, on a smaller ledger.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed breaks things at other moments.")] = 1,
    rows: Annotated[int | None, typer.Option(help="Events that the ledger holds before.", min=0)] = None,
    report: Annotated[Path | None, typer.Option(help="A folder for chaos.md and chaos.json.")] = None,
    folder: Annotated[
        Path, typer.Option(help="Where its database, logs and records go: a new one, or its own.")
    ] = Path(".sandbox/chaos"),
) -> None:
    """Break everything that can break while traffic flows, and compare what was acknowledged with what arrived."""
    chosen = _chosen(names or [], quick=quick)
    if listing:
        _console.print(_list(chosen))
        return
    rows = rows if rows is not None else QUICK_ROWS if quick else ROWS
    command = _as_typed(names or [], seed=seed, rows=rows, quick=quick)
    setup = Setup(folder=folder.resolve())
    try:
        with setup.own_folder():
            if (left := EmbeddedServer(setup.folder)).running:  # by a run that was killed
                left.stop("immediate")
            setup.empty_folder()
            outcome = asyncio.run(_interruptible(setup, chosen, command, seed=seed, rows=rows, quick=quick))
    except FolderTakenError as error:
        _fail(str(error))
    except NotReadyError as error:
        _fail(f"{error}; see {folder}")
    except (KeyboardInterrupt, asyncio.CancelledError):
        _fail("interrupted")
    _console.print(outcome.table())
    whole = not names and not quick
    if place := report or (PUBLISHED if whole else None):
        outcome.write(place)
    if not outcome.holds:
        raise typer.Exit(1)


def _chosen(names: list[str], *, quick: bool) -> list[Scenario]:
    if unknown := [name for name in names if name not in SCENARIOS]:
        raise typer.BadParameter(f"there is no {unknown[0]}; there are {', '.join(SCENARIOS)}", param_hint="names")
    if names:
        return [SCENARIOS[name] for name in names]
    return [each for each in SCENARIOS.values() if each.quick_seconds is not None or not quick]


def _as_typed(names: list[str], *, seed: int, rows: int, quick: bool) -> str:
    """What gives this report again, wherever its folders are."""
    options = [f"--seed {seed}", f"--rows {rows}", *(["--quick"] if quick else []), *names]
    return f'make chaos ARGS="{" ".join(options)}"'


async def _interruptible(
    setup: Setup, chosen: list[Scenario], command: str, *, seed: int, rows: int, quick: bool
) -> Report:
    """SIGTERM ends it in order, as Ctrl-C does."""
    running = asyncio.current_task()
    if running is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    return await _run(setup, chosen, command, seed=seed, rows=rows, quick=quick)


async def _run(setup: Setup, chosen: list[Scenario], command: str, *, seed: int, rows: int, quick: bool) -> Report:
    stand = Stand(setup, Random(seed))
    outcomes = list[Outcome]()
    _console.print(f"starting PostgreSQL with {rows:,} events, a Gateway and the services …")
    async with stand.standing(rows=rows):
        for number, scenario in enumerate(chosen, 1):
            _console.print(
                f"[{number}/{len(chosen)}] {scenario.name}: {scenario.breaks}", markup=False, highlight=False
            )
            outcome = await attempt(scenario, stand, seed=seed, number=number, quick=quick)
            outcomes.append(outcome)
            for line in (_in_short(outcome), *outcome.failures):
                _console.print(f"    {line}", markup=False, highlight=False, soft_wrap=True)
        return Report(
            command=command,
            seed=seed,
            rows=rows,
            postgres=await stand.database.version(),
            outcomes=outcomes,
            twice=len(stand.gateway.account.twice()),
        )


def _in_short(outcome: Outcome) -> str:
    judged = outcome.judgement
    recovered = "never recovered" if outcome.recovered is None else f"recovered in {outcome.recovered:.1f} s"
    return (
        f"{'DOES NOT HOLD' if outcome.failures else 'holds'}: {judged.acknowledged:,} acknowledged, "
        f"{judged.contributed:,} contributed, {judged.lost} lost, {judged.twice} twice, {judged.unknown} unknown "
        f"(at most {outcome.may_be_unknown}), {recovered}, {outcome.seconds:.0f} s in all"
    )


def _list(chosen: list[Scenario]) -> Table:
    table = Table("scenario", "what it breaks", "quick", title="Scenarios", title_justify="left")
    for each in chosen:
        table.add_row(each.name, each.breaks, "" if each.quick_seconds is None else "yes")
    return table


def _fail(problem: str) -> None:
    print(f"chaos: {problem}", file=sys.stderr)
    raise typer.Exit(1)


_ = scenarios  # imported for what it registers
