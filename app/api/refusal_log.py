"""The log of refused requests: a line each, but bounded, so that whoever sends nonsense can't fill a disk with it."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping
from contextvars import Context
from typing import Any

import structlog
from starlette.types import Scope

from app.api.limits import Clock
from app.api.problems import Refusal
from app.domain.excerpt import excerpt
from app.domain.mapping import Path
from app.domain.rate import Bucket, Rate, full, take
from app.observability.metrics import Metrics

LINES = Rate(per_second=5, burst=20)  # for each feed and cause
BODY_LOGGED = 4096  # bytes
TELL_AFTER = 1.0  # seconds

Kind = tuple[str, str]  # a feed and a cause: the flood of one hides no other


class RefusalLog:
    """One process's. `bodies` has the beginning of each body logged, in which there are players' data; their tokens are
    masked also where a feed has them under another name, by `token_paths`.
    """

    def __init__(
        self, metrics: Metrics, *, bodies: bool, clock: Clock, token_paths: Mapping[str, Collection[Path]]
    ) -> None:
        self._log: Any = structlog.get_logger("api").bind()
        self._metrics = metrics
        self._bodies = bodies
        self._clock = clock
        self._token_paths = token_paths
        self._buckets = dict[Kind, Bucket]()
        self._left_out = Counter[Kind]()
        self._telling: asyncio.TimerHandle | None = None

    def write(self, event: str, feed: str, scope: Scope, refusal: Refusal) -> None:
        """Log a refusal, or count it where there are too many to log; the count is logged a second later."""
        kind = (feed, refusal.kind.cause)
        now = self._clock()
        self._buckets[kind], taken = take(self._buckets.get(kind) or full(LINES, now=now), LINES, now=now)
        if taken:
            self._log.info(event, feed=feed, cause=refusal.kind.cause, **self._fields(feed, scope, refusal))
        else:
            self._leave_out(kind)

    def tell(self) -> None:
        """Log how many were left out since it was last told."""
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        for (feed, cause), count in self._left_out.items():
            self._log.info("api.refusals_left_out", feed=feed, cause=cause, count=count)
        self._left_out.clear()

    def _leave_out(self, kind: Kind) -> None:
        self._metrics.child(self._metrics.refusals_left_out, kind[0]).inc()
        self._left_out[kind] += 1
        if self._telling is None:
            # In a context of its own: the line is no request's.
            self._telling = asyncio.get_running_loop().call_later(TELL_AFTER, self.tell, context=Context())

    def _fields(self, feed: str, scope: Scope, refusal: Refusal) -> dict[str, Any]:
        body: bytes | None = scope.get("body")
        fields = {
            "status": refusal.kind.status,
            "detail": refusal.detail,
            "errors": refusal.errors,
            "method": scope.get("method"),  # of what is not HTTP there is none
            "path": scope["path"][:100] if "path" in scope else None,
            "peer": (scope.get("client") or (None,))[0],
            "bytes": len(body) if body is not None else _announced(scope),
            "body": self._excerpt(feed, body) if self._bodies and body else None,
        }
        return {name: value for name, value in fields.items() if value is not None}

    def _excerpt(self, feed: str, body: bytes) -> str:
        return excerpt(body, limit=BODY_LOGGED, token_paths=self._token_paths.get(feed, ()))


def _announced(scope: Scope) -> int | None:
    """How long the body is by its sender's word, since it was not read, or not to its end."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return None
