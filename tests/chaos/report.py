"""The report: a table that a cautious operator can sign, as text, as Markdown and as JSON."""

import json
import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from tests.chaos.attempt import Outcome
from tests.chaos.stand import CONCURRENCY, LEASE, SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a run came to. `twice` counts what the Gateway's account of the whole run holds more than once."""

    command: str
    seed: int
    rows: int
    postgres: str
    outcomes: Sequence[Outcome]
    twice: int

    @property
    def holds(self) -> bool:
        """Whether every scenario does."""
        return bool(self.outcomes) and not self.twice and not any(outcome.failures for outcome in self.outcomes)

    def write(self, folder: Path) -> None:
        """As `chaos.md` and `chaos.json`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "chaos.md").write_text(self._markdown())
        (folder / "chaos.json").write_text(json.dumps(self._json(), indent=2) + "\n")

    def table(self) -> Table:
        """For the terminal."""
        table = Table(*_COLUMNS, title="Never lost, never twice, under faults", title_justify="left")
        table.columns[0].no_wrap = True
        for column in table.columns[1:]:
            column.justify = "right"
        for outcome in self.outcomes:
            table.add_row(*_cells(outcome))
        return table

    def _facts(self) -> dict[str, Any]:
        return {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "postgresql": self.postgres,
            "command": self.command,
            "seed": self.seed,
            "rows_before": self.rows,
            "services": SERVICES,
            "calls_at_once_of_each": CONCURRENCY,
            "lease_seconds": LEASE,
        }

    def _json(self) -> dict[str, Any]:
        return {
            "facts": self._facts(),
            "holds": self.holds,
            "contributed_twice_in_the_whole_run": self.twice,
            "scenarios": [_details(outcome) for outcome in self.outcomes],
        }

    def _markdown(self) -> str:
        verdict = "Every scenario holds." if self.holds else "NOT every scenario holds."
        rows = [_COLUMNS, ["---", *["---:"] * (len(_COLUMNS) - 2), "---"], *map(_cells, self.outcomes)]
        meanings = [[f"`{each.scenario.name}`", each.scenario.breaks, each.scenario.bound] for each in self.outcomes]
        lines = [
            "# Under faults",
            "",
            self._introduction(),
            "",
            f"**{verdict}** Contributed twice in the whole run: {self.twice}.",
            "",
            *map(_row, rows),
            "",
            *_EXPLANATION,
            "",
            *map(_row, [["scenario", "what is broken", "what may be unknown"], ["---"] * 3, *meanings]),
            *_failures(self.outcomes),
        ]
        return "\n".join(lines) + "\n"

    def _introduction(self) -> str:
        facts = self._facts()
        return (
            f"Written by `{self.command}`: seed {self.seed}, {facts['cores']} cores, Python {facts['python']}, "
            f"PostgreSQL {facts['postgresql']}, on a ledger that held {self.rows:,} events before.\n"
            f"{SERVICES} processes with {CONCURRENCY} calls at once each, and leases of {LEASE:g} seconds."
        )


_COLUMNS = [
    "scenario",
    "acknowledged",
    "contributed",
    "lost",
    "twice",
    "unknown",
    "at most",
    "made",
    "recovered",
    "holds",
]
_EXPLANATION = (
    "Judged are the operator's own record, written before each event was first sent and when its 202 came, and the",
    "Gateway's own account; the ledger is compared with both, and has to balance. *Acknowledged*: events with a 202,",
    "those that owe nothing among them. *Lost*: acknowledged, and neither contributed nor refused for good nor",
    "`unknown`. *Twice*: more than once in the Gateway's account. *Unknown*: waits for a person; *at most* is the",
    "bound, and *made* says how many of them the Gateway did contribute. *Recovered*: seconds from the moment when the",
    "fault was lifted, processes still to be started, until all that was sent was acknowledged and all that was owed",
    "settled. A scenario does not hold either if an answer was not right, a contribution was made unasked or with",
    "another amount, or the ledger says of one what the Gateway's account does not.",
)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(outcome: Outcome) -> list[str]:
    judged = outcome.judgement
    return [
        outcome.scenario.name,
        f"{judged.acknowledged:,}",
        f"{judged.contributed:,}",
        str(judged.lost),
        str(judged.twice),
        str(judged.unknown),
        str(outcome.may_be_unknown),
        str(judged.unknown_made),
        "never" if outcome.recovered is None else f"{outcome.recovered:.1f} s",
        "NO" if outcome.failures else "yes",
    ]


def _failures(outcomes: Sequence[Outcome]) -> list[str]:
    failed = [f"- `{each.scenario.name}`: {failure}" for each in outcomes for failure in each.failures]
    return ["", "## What does not hold", "", *failed] if failed else []


def _details(outcome: Outcome) -> dict[str, Any]:
    return {
        "name": outcome.scenario.name,
        "breaks": outcome.scenario.breaks,
        "holds": not outcome.failures,
        "failures": outcome.failures,
        **asdict(outcome.judgement),
        "unknown": outcome.judgement.unknown,
        "unknown_at_most": outcome.may_be_unknown,
        "unknown_because": outcome.scenario.bound,
        "ledger_balances": outcome.balances,
        "senders_saw": outcome.errors,
        "gateway_answered": outcome.calls,
        "seconds": round(outcome.seconds, 1),
        "recovered_after": None if outcome.recovered is None else round(outcome.recovered, 1),
    }
