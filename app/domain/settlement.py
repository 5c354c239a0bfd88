"""What becomes of a contribution after a call: its status, and when it is due again."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from app.domain.outcome import Verdict


class Status(StrEnum):
    """A contribution's status, and who moves it on."""

    PENDING = "pending"  # due at next_attempt_at; moved on by a claim
    IN_FLIGHT = "in_flight"  # leased, the call may be under way; moved on by the lease's holder, or after it by anyone
    CONTRIBUTED = "contributed"  # the Gateway accepted it; final
    DECLINED = "declined"  # the Gateway refused it for good; final, may be replayed by hand
    UNKNOWN = "unknown"  # sent, outcome not known; moved on by a person
    EXPIRED = "expired"  # not delivered within give_up_after; moved on by a person
    DISCARDED = "discarded"  # a person decided not to send it; final


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """When to try again. `deduplicates` says that the Gateway ignores a repeated Idempotency-Key, so that
    an ambiguous outcome may be repeated; `hold` is the wait after a refusal of our credentials or permissions.
    """

    deduplicates: bool
    backoff_base: timedelta
    backoff_limit: timedelta
    retry_after_limit: timedelta
    hold: timedelta
    give_up_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """How to settle: the new status, when it is due again if pending, whether the call spent an attempt, and whether
    some call may have been accepted without our knowing.
    """

    status: Status
    delay: timedelta = timedelta()
    spent: bool = True
    doubtful: bool = False

    def after_doubt(self) -> "Settlement":
        """What it is where an earlier call may have been accepted: no refusal of a repetition says that it was not."""
        match self.status:
            case Status.CONTRIBUTED:
                return self
            case Status.DECLINED | Status.EXPIRED:
                return replace(self, status=Status.UNKNOWN, doubtful=True)
            case _:
                return replace(self, doubtful=True)


def settlement(
    verdict: Verdict,
    policy: RetryPolicy,
    *,
    attempt: int,
    age: timedelta,
    retry_after: timedelta | None,
    jitter: float,
) -> Settlement:
    """Decide how to settle. `attempt` counts this call (1 is the first), `age` is the time since the event was
    recorded or the contribution replayed, `jitter` is random in [0, 1). No first answer is given up on, since what it
    answers may have waited out a pause or an outage.
    """
    match verdict:
        case Verdict.CONTRIBUTED:
            return Settlement(status=Status.CONTRIBUTED)
        case Verdict.DECLINED:
            return Settlement(status=Status.DECLINED)
        case Verdict.AMBIGUOUS if not policy.deduplicates or age >= policy.give_up_after:
            return Settlement(status=Status.UNKNOWN, doubtful=True)
        case Verdict.WITHHELD | Verdict.FORBIDDEN:
            return Settlement(status=Status.PENDING, delay=policy.hold * jitter, spent=False)
        case _ if age >= policy.give_up_after and (attempt > 1 or verdict is Verdict.UNREACHABLE):
            return Settlement(status=Status.EXPIRED, spent=verdict is not Verdict.UNREACHABLE)
        case Verdict.RETRY | Verdict.UNREACHABLE | Verdict.UNAVAILABLE | Verdict.AMBIGUOUS:
            return Settlement(
                status=Status.PENDING,
                delay=max(
                    _backoff(policy, attempt) * jitter, min(retry_after or timedelta(), policy.retry_after_limit)
                ),
                spent=verdict is not Verdict.UNREACHABLE,
                doubtful=verdict is Verdict.AMBIGUOUS,
            )


def _backoff(policy: RetryPolicy, attempt: int) -> timedelta:
    """The upper bound of the wait: doubled with each attempt, never above the limit."""
    seconds = policy.backoff_base.total_seconds() * 2.0 ** min(attempt - 1, 60)
    return timedelta(seconds=min(seconds, policy.backoff_limit.total_seconds()))
