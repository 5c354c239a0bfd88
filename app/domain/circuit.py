"""The circuit breaker: how many calls may be under way, as the last ones suggest."""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from app.domain.outcome import Verdict

THRESHOLD = 10  # failures in a row that are an outage, where so many calls may be under way at all
WAIT_BASE = timedelta(seconds=0.5)

CircuitState = Literal["closed", "open", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitPolicy:
    """`concurrency` is the most calls at once; `hold` the longest wait before a probe that can do no harm, and the
    one after a 403; `ambiguous_limit` the longest wait before a probe that may end in a contribution nobody knows of,
    and the longest that a `Retry-After` can make it.
    """

    concurrency: int
    hold: timedelta
    ambiguous_limit: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """Closed: up to `limit` calls, one less with each failure and one more with each success, so that an outage
    touches no more calls than were allowed at once. Open, or held by a 403: none until `open_until`, on the caller's
    clock in seconds; then one, the probe. Its failure opens the circuit again, for longer; its success closes it at a
    limit that grows from there. `generation` counts the openings: what was begun before one says nothing after it.
    """

    policy: CircuitPolicy
    limit: int
    failures: int = 0
    openings: int = 0
    open_until: float | None = None
    forbidden: bool = False
    generation: int = 0

    @classmethod
    def closed(cls, policy: CircuitPolicy) -> "Circuit":
        """As at the start."""
        return cls(policy=policy, limit=policy.concurrency)

    @property
    def state(self) -> CircuitState:
        """What it is, whether or not a probe is due."""
        if self.open_until is None:
            return "closed"
        return "held" if self.forbidden else "open"

    def allowed(self, now: float) -> int:
        """How many calls of this generation may be under way."""
        return 0 if self.open_until is not None and now < self.open_until else self.limit

    def after(
        self, verdict: Verdict, *, generation: int, now: float, jitter: float, retry_after: timedelta | None = None
    ) -> "Circuit":
        """What it is after a call that was begun in `generation`; `jitter` is random in [0, 1)."""
        if generation != self.generation:
            return self
        match verdict:
            case Verdict.CONTRIBUTED | Verdict.DECLINED:
                return (
                    self
                    if self._sound
                    else replace(
                        self,
                        limit=min(self.limit + 1, self.policy.concurrency),
                        failures=0,
                        openings=0,
                        open_until=None,
                        forbidden=False,
                    )
                )
            case Verdict.UNREACHABLE | Verdict.UNAVAILABLE | Verdict.AMBIGUOUS:
                asked = min(retry_after or timedelta(), self.policy.ambiguous_limit)
                return self._after_failure(now + max(self._wait(verdict, jitter), asked.total_seconds()))
            case Verdict.FORBIDDEN:
                return self._opened(now + self.policy.hold.total_seconds(), forbidden=True)
            case Verdict.RETRY | Verdict.WITHHELD:  # which says nothing of the others
                return self

    @property
    def _sound(self) -> bool:
        """Whether a success changes nothing."""
        return self.open_until is None and not self.failures and self.limit == self.policy.concurrency

    def _wait(self, verdict: Verdict, jitter: float) -> float:
        longest = self.policy.ambiguous_limit if verdict is Verdict.AMBIGUOUS else self.policy.hold
        doubled: timedelta = WAIT_BASE * 2 ** min(self.openings, 20)
        return min(doubled, longest).total_seconds() * (0.5 + jitter / 2)

    def _after_failure(self, until: float) -> "Circuit":
        failures, probing = self.failures + 1, self.open_until is not None
        if probing or failures >= min(THRESHOLD, self.policy.concurrency):
            return self._opened(until, forbidden=False)
        return replace(self, failures=failures, limit=max(1, self.limit - 1))

    def _opened(self, until: float, *, forbidden: bool) -> "Circuit":
        return replace(
            self,
            limit=1,
            failures=0,
            openings=self.openings + 1,
            open_until=until,
            forbidden=forbidden,
            generation=self.generation + 1,
        )
