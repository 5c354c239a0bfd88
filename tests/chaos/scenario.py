"""A scenario: what it breaks, what may remain unknown after it and why, and how long it may take to recover."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.chaos.gateway import AMBIGUOUS
from tests.chaos.load import Load
from tests.chaos.sender import Sender
from tests.chaos.stand import Stand

RATE = 60.0  # requests a second: steady, and no test of speed
RECOVERY = 90.0  # seconds: a lease, the look for what was left, and a slow machine


@dataclass(slots=True, kw_only=True)
class Trial:
    """A scenario under way."""

    stand: Stand
    sender: Sender
    load: Load
    random: Random
    seconds: float
    quick: bool
    prefix: str
    first_call: int
    may_be_unknown: int = 0
    surprises: list[str] = field(default_factory=list)
    begun: set[asyncio.Task[None]] = field(default_factory=set)

    def begin(self, posting: Coroutine[Any, Any, None]) -> None:
        """Post something beside the load, without waiting for its answer."""
        self.begun.add(asyncio.create_task(posting))

    def may_leave_unknown(self, contributions: int) -> None:
        """Say, when it is broken, how many more contributions nobody may know the outcome of."""
        self.may_be_unknown += contributions

    def ambiguous_answers(self) -> int:
        """After how many calls of this trial nobody but the Gateway knows what became of them."""
        return sum(call.answer in AMBIGUOUS for call in self.stand.gateway.calls_since(self.first_call))

    def refused(self) -> int:
        """How many contributions of this trial the Gateway refused for good."""
        calls = self.stand.gateway.calls_since(self.first_call)
        return len({call.idempotency_key for call in calls if call.refused_for_good})


Run = Callable[[Trial], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`breaks` says in a sentence what is broken, `bound` what may be unknown after it and why. Without
    `quick_seconds` it is left out of a quick run. `tolerates` names the errors that senders may see; None means all
    that they may answer by trying again. `rate` is the load, in requests a second; `deduplicates` says that the Gateway
    ignores a repetition, and that the services know it; `ambiguous`, that each of its ambiguous answers may leave one
    unknown; `shows` are the answers by which it shows that the fault was there.
    """

    name: str
    breaks: str
    run: Run
    seconds: float
    quick_seconds: float | None
    bound: str
    tolerates: frozenset[str] | None
    recovery: float
    rate: float
    deduplicates: bool
    ambiguous: bool
    shows: frozenset[str]


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str,
    *,
    seconds: float,
    bound: str,
    quick_seconds: float | None = None,
    tolerates: frozenset[str] | None = None,
    rate: float = RATE,
    deduplicates: bool = False,
    ambiguous: bool = False,
    shows: frozenset[str] = frozenset(),
) -> Callable[[Run], Run]:
    """Register a function as a scenario; its docstring says what it breaks."""

    def register(run: Run) -> Run:
        SCENARIOS[name] = Scenario(
            name=name,
            breaks=" ".join((run.__doc__ or "").split()),
            run=run,
            seconds=seconds,
            quick_seconds=quick_seconds,
            bound=bound,
            tolerates=tolerates,
            recovery=RECOVERY,
            rate=rate,
            deduplicates=deduplicates,
            ambiguous=ambiguous,
            shows=shows,
        )
        return run

    return register
