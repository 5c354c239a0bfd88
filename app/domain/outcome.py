"""What the Gateway's answer to a contribution means: the question is always whether a byte can have reached it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The Gateway answered. Only the status decides; a part of the body is kept beside the contribution."""

    status: int
    body: str = ""
    retry_after: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotSent:
    """Surely no byte of the request reached the Gateway."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Not sent, by our own decision: for want of a service token, or because the lease is over."""

    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unanswered:
    """A byte may have reached the Gateway, and no answer came."""

    cause: str


Reply = Answered | NotSent | Withheld | Unanswered


class Verdict(Enum):
    """What a reply means for the contribution."""

    CONTRIBUTED = "the Gateway accepted it"
    DECLINED = "the Gateway refused it for good"
    RETRY = "surely not contributed: try again"
    UNREACHABLE = "surely not sent: try again, no attempt spent"
    UNAVAILABLE = "surely not contributed, as nothing else would be: try again"
    WITHHELD = "not sent, for want of a token or of time: try again, no attempt spent"
    FORBIDDEN = "our account lacks a permission: hold everything, no attempt spent"
    AMBIGUOUS = "it may have been contributed"


LONGEST_WAIT = 10**9  # seconds; whoever waits has a limit of its own

_RETRY = frozenset({401, 408, 425, 429})  # 401 here is the refusal of a fresh token


def verdict(reply: Reply) -> Verdict:
    """Classify a reply."""
    match reply:
        case NotSent():
            return Verdict.UNREACHABLE
        case Withheld():
            return Verdict.WITHHELD
        case Answered(status=403):
            return Verdict.FORBIDDEN
        case Answered(status=503):
            return Verdict.UNAVAILABLE
        case Answered(status=status) if status in _RETRY:
            return Verdict.RETRY
        case Answered(status=status):
            return _by_class(status)
        case Unanswered():
            return Verdict.AMBIGUOUS


def _by_class(status: int) -> Verdict:
    match status // 100:
        case 2:
            return Verdict.CONTRIBUTED
        case 4:
            return Verdict.DECLINED
        case _:  # other 5xx; 3xx too, since a proxy may redirect after forwarding
            return Verdict.AMBIGUOUS


def retry_after(reply: Reply, *, now: datetime) -> timedelta | None:
    """How long the Gateway asks us to wait: `Retry-After` in seconds or as a date (RFC 9110), or None."""
    match reply:
        case Answered(retry_after=str(value)) if value.isascii() and value.isdigit():
            digits = value.lstrip("0")
            return timedelta(seconds=min(int(digits[:10] or "0"), LONGEST_WAIT))
        case Answered(retry_after=str(value)):
            try:
                date = parsedate_to_datetime(value)
            except (ValueError, OverflowError):
                return None
            # A date of HTTP is in GMT, also in the form that does not say so.
            return max(timedelta(), date.replace(tzinfo=date.tzinfo or UTC) - now)
        case _:
            return None
