"""A dispatcher at work on a real ledger, against a Gateway over real HTTP."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta

from app.dispatcher.dispatcher import Dispatcher, Pace
from app.domain.circuit import CircuitPolicy
from app.domain.settlement import RetryPolicy
from app.gateway.call import Limits

MOMENT = timedelta(milliseconds=20)
POLICY = RetryPolicy(
    deduplicates=False,
    backoff_base=MOMENT,
    backoff_limit=MOMENT,
    retry_after_limit=timedelta(seconds=1),
    hold=MOMENT,
    give_up_after=timedelta(hours=24),
)
LIMITS = Limits(
    timeout=timedelta(seconds=5), connect_timeout=timedelta(seconds=5), connections=8, response_limit=10_000
)
PACE = Pace(poll_interval=MOMENT, lease=timedelta(minutes=1), stalled_after=timedelta(minutes=1))
CIRCUIT = CircuitPolicy(concurrency=8, hold=MOMENT, ambiguous_limit=MOMENT)

Dispatching = Callable[..., AbstractAsyncContextManager[Dispatcher]]
