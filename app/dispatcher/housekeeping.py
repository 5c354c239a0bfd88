"""Housekeeping: sweeps the ledger now and then, never dies silently, and stops between two batches."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing, suppress
from datetime import timedelta
from typing import Protocol

import structlog

from app.ledger.engine import LedgerUnavailableError
from app.observability.metrics import Metrics

_log = structlog.get_logger()


class Sweeping(Protocol):
    """What is swept: app.ledger.retention.Retention, or in tests one that fails."""

    def sweep(self) -> AsyncGenerator[Mapping[str, int]]:
        """Prune everything that is due, once, a batch at a time. Gives what each batch removed."""


class Housekeeping:
    """Runs until it is stopped; every process that dispatches has one. `every` is the time between two sweeps, about:
    `jitter` gives random numbers in [0, 1), so that processes started together do not sweep together.
    """

    def __init__(self, retention: Sweeping, metrics: Metrics, *, every: timedelta, jitter: Callable[[], float]) -> None:
        self._retention = retention
        self._metrics = metrics
        self._every = every.total_seconds()
        self._jitter = jitter
        self._stopping = asyncio.Event()
        self._failures = 0

    async def run(self) -> None:
        """Sweep until `stop`. The first sweep comes after a random part of the time between two."""
        await self._rest(self._every * self._jitter())
        while not self._stopping.is_set():
            await self._rest(await self._sweep_and_count())

    def stop(self) -> None:
        """Begin no other batch. `run` returns when the present one is done."""
        self._stopping.set()

    async def _sweep_and_count(self) -> float:
        """A sweep, whatever it comes to. Gives the seconds to rest after it."""
        try:
            await self._sweep()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next sweep must come
            self._failures += 1
            self._metrics.sweeps_failed.inc()
            trace = {} if isinstance(error, LedgerUnavailableError) else {"exc_info": error}
            _log.error("housekeeping.sweep_failed", error=str(error), failures=self._failures, **trace)
            return min(2.0 ** min(self._failures, 30), self._every) * (0.5 + self._jitter() / 2)
        self._failures = 0
        return self._every * (0.5 + self._jitter())

    async def _sweep(self) -> None:
        """After each batch it rests for as long as the batch took: half of the time is others', however slow it is."""
        began, total = time.monotonic(), 0
        async with aclosing(self._retention.sweep()) as sweep:
            async for pruned in sweep:
                for what, count in pruned.items():
                    self._metrics.pruned.labels(what).inc(count)
                    total += count
                await self._rest(time.monotonic() - began)
                if self._stopping.is_set():
                    break
                began = time.monotonic()
        if total:
            _log.info("housekeeping.swept", pruned=total)

    async def _rest(self, seconds: float) -> None:
        """Wait, but for the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
