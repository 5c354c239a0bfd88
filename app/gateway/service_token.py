"""The service token: acquired at start, kept, and acquired again, once for everybody, when the Gateway refuses it."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from app.domain.outcome import Answered, NotSent, Unanswered
from app.gateway.call import Caller

RETRY_BASE = timedelta(seconds=0.5)
RETRY_LIMIT = timedelta(seconds=10)

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Our account at the Gateway."""

    username: str
    password: str = field(repr=False)
    path: str


class ServiceToken:
    """Holds the token. `keep` must be running for it ever to come."""

    def __init__(self, caller: Caller, credentials: Credentials, *, jitter: Callable[[], float]) -> None:
        self._caller = caller
        self._credentials = credentials
        self._jitter = jitter
        self._token: str | None = None
        self._wanted = asyncio.Event()  # a token, or another one
        self._wanted.set()
        self._renewed = asyncio.Event()
        self._failures = 0

    @property
    def wanted(self) -> bool:
        """Whether a token is being acquired."""
        return self._wanted.is_set()

    @property
    def current(self) -> str | None:
        """The token, or None while there is none. One that was just refused is given until its successor is here or
        could not be had: the refusal may have been of that one call, and the others go on.
        """
        return self._token

    async def renewed(self) -> str | None:
        """The token as soon as none is wanted; None where it is gone again at once."""
        await self._renewed.wait()
        return self._token

    def reject(self, token: str) -> None:
        """Say that the Gateway refused a token. Of many callers with the same one, the first brings a new one about."""
        if token == self._token and not self._wanted.is_set():
            self.renew()
            _log.warning("gateway.token_rejected")

    def renew(self) -> None:
        """Have another token acquired, whatever the present one is worth: to see whether the Gateway answers."""
        self._renewed.clear()
        self._wanted.set()

    def confirm(self) -> None:
        """Say that the Gateway accepted a call, so that the next refusal is answered at once."""
        self._failures = 0

    async def keep(self) -> None:
        """Acquire a token whenever one is wanted, for ever. Waits longer after each failure, and after each token
        that was refused without having been accepted once.
        """
        while True:
            await self._wanted.wait()
            if self._failures:
                limit = min(RETRY_BASE * 2 ** min(self._failures, 10), RETRY_LIMIT)
                await asyncio.sleep(limit.total_seconds() * (0.5 + self._jitter() / 2))
            self._failures += 1
            try:
                token, problem = await self._authenticate()
            except Exception:  # noqa: BLE001 - whatever it is, the next try must come
                _log.exception("gateway.authentication_failed")
                self._token = None
                continue
            self._token = token
            if token is None:
                _log.warning("gateway.authentication_failed", problem=problem)
                continue
            self._wanted.clear()
            self._renewed.set()
            _log.info("gateway.authenticated")

    async def _authenticate(self) -> tuple[str | None, str]:
        fields = {"username": self._credentials.username, "password": self._credentials.password}
        match await self._caller.post(self._credentials.path, json.dumps(fields).encode(), {}):
            case Answered(status=200 | 201, body=body):
                token = _token(body)
                return token, "no usable token in the answer"
            case Answered(status=status):
                return None, f"the Gateway answered {status}"
            case NotSent(cause=cause) | Unanswered(cause=cause):
                return None, cause


def _token(body: str) -> str | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    token = answer.get("token") if isinstance(answer, dict) else None
    usable = isinstance(token, str) and token.isascii() and token.isprintable() and token.split() == [token]
    return token if usable else None
