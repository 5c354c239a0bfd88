"""A scenario: what it shows, and the measurements of one round of it."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from benchmarks.bench import Bench
from benchmarks.measurement import Measurement


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRun:
    """A contender that could not take part, and why."""

    contender: str
    why: str


Round = Callable[[Bench], AsyncIterator[tuple[str, Measurement | NotRun]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`run` gives each measurement of a round with the name under which it is compared with those of other rounds."""

    name: str
    shows: str
    quick: bool
    run: Round


SCENARIOS: dict[str, Scenario] = {}


def scenario(name: str, *, quick: bool = True) -> Callable[[Round], Round]:
    """Register a function as a scenario; its docstring says what it shows. `quick` ones are part of a short run."""

    def register(run: Round) -> Round:
        SCENARIOS[name] = Scenario(name=name, shows=" ".join((run.__doc__ or "").split()), quick=quick, run=run)
        return run

    return register
