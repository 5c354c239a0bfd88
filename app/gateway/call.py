"""One call to the Gateway, and what is known after it: above all, whether a byte of it can have arrived."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from app.domain.outcome import Answered, NotSent, Unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on every call. `timeout` is for all of it, `response_limit` in bytes. Of `connections` there is one more,
    to authenticate.
    """

    timeout: timedelta
    connect_timeout: timedelta
    connections: int
    response_limit: int


class Caller(Protocol):
    """Posts JSON to the Gateway: over our own connections, or through a transport given from outside. Follows no
    redirect, keeps no cookie, asks no environment for a proxy.
    """

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answered | NotSent | Unanswered:
        """Post a body once. Raises nothing but CancelledError."""
        ...


def cause(error: BaseException) -> str:
    """An error in one line, for a person."""
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
