"""The dispatcher's loop: claims what there are free slots for, never dies silently, and stops without losing a call."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

import structlog

from app.dispatcher.delivery import SETTLE_RETRY, Delivery
from app.domain.outcome import Verdict
from app.domain.settlement import Status
from app.ledger.engine import LedgerUnavailableError
from app.ledger.outbox import Claim

RECOVER_EVERY = 5.0  # seconds between looks for leases that their holders left behind

State = Literal["ok", "held", "failing", "stalled", "stopped"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`concurrency` calls at once; looks for work at least every `poll_interval`; `hold` is the time between probes
    while the Gateway answers 403; without a finished pass for `stalled_after`, the dispatcher counts as stalled.
    """

    concurrency: int
    poll_interval: timedelta
    lease: timedelta
    hold: timedelta
    stalled_after: timedelta


class Dispatcher:
    """Runs until it is stopped; any number of them may work on one ledger."""

    def __init__(self, delivery: Delivery, pace: Pace, *, jitter: Callable[[], float]) -> None:
        self._delivery = delivery
        self._pace = pace
        self._jitter = jitter
        self._running: set[asyncio.Task[None]] = set()
        self._unsent: set[UUID] = set()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failures = 0
        self._progress = time.monotonic()
        self._recovered = float("-inf")
        self._held_until: float | None = None

    @property
    def state(self) -> State:
        """What it is doing, by the progress it makes."""
        if self._stopping.is_set():
            return "stopped"
        if time.monotonic() - self._progress > self._pace.stalled_after.total_seconds():
            return "stalled"
        if self._failures:
            return "failing"
        return "ok" if self._held_until is None else "held"

    @property
    def in_flight(self) -> int:
        """How many contributions are in its hands."""
        return len(self._running)

    def gateway_state(self) -> str:
        """Whether there is a service token to work with."""
        return "authenticated" if self._delivery.gateway.authenticated else "unauthenticated"

    def wake(self) -> None:
        """Say that there may be something due."""
        self._wake.set()

    async def run(self) -> None:
        """Dispatch until `stop`; then let running calls finish and settle."""
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                await self._rest(await self._pass_and_count())
            if self._running:
                await asyncio.wait(self._running)
            await self._give_back_at_last()
        finally:
            for task in self._running:  # only where `run` is cut off
                task.cancel()

    def stop(self) -> None:
        """Claim nothing more. `run` returns when the last call is settled."""
        self._stopping.set()
        self._wake.set()

    async def _pass_and_count(self) -> float:
        """A pass, whatever it comes to. Gives the seconds to rest after it, unless there is word of work."""
        try:
            more = await self._pass()
        except Exception as error:  # noqa: BLE001 - whatever it is, the next pass must come
            self._failures += 1
            self._delivery.metrics.passes_failed.inc()
            known = isinstance(error, LedgerUnavailableError)
            trace = {} if known else {"exc_info": error}
            _log.error("dispatcher.pass_failed", error=str(error), failures=self._failures, **trace)
            return self._backoff()
        self._failures = 0
        self._progress = time.monotonic()
        return 0.0 if more else self._pace.poll_interval.total_seconds()

    async def _pass(self) -> bool:
        """Give back, recover, claim and start what can be started. True when there may be more to claim at once.
        Giving back comes first: what was surely not sent must not be taken for what a dead holder left.
        """
        await self._give_back()
        await self._recover()
        slots = self._slots()
        if not slots or not self._delivery.gateway.authenticated:
            return False
        claims = await self._claim(slots)
        for claim in claims:
            self._start(claim)
        return len(claims) == slots and self._held_until is None

    async def _claim(self, slots: int) -> list[Claim]:
        """Claim, and remember the token for as long as something may be leased with it and not sent: when the answer
        was lost, or when we are told to stop meanwhile.
        """
        token = uuid4()
        self._unsent.add(token)
        claims = await self._delivery.outbox.claim(slots, token=token, lease=self._pace.lease)
        if self._stopping.is_set():
            return []
        self._unsent.discard(token)
        return claims

    async def _give_back(self) -> None:
        for token in tuple(self._unsent):
            await self._delivery.outbox.release(token)
            self._unsent.discard(token)

    async def _give_back_at_last(self) -> None:
        """As `_give_back`, and again while the database does not answer: until `run` is cut off, or it does."""
        while self._unsent:
            try:
                await self._give_back()
            except LedgerUnavailableError as error:
                _log.warning("dispatcher.release_failed", error=str(error))
                await asyncio.sleep(SETTLE_RETRY)

    def _slots(self) -> int:
        if self._held_until is None:
            return self._pace.concurrency - len(self._running)
        probing = bool(self._running) or time.monotonic() < self._held_until
        return 0 if probing else 1

    def _start(self, claim: Claim) -> None:
        task = asyncio.create_task(self._deliver(claim))
        self._running.add(task)
        self._delivery.metrics.in_flight.set(len(self._running))
        task.add_done_callback(self._finished)

    async def _deliver(self, claim: Claim) -> None:
        means = await self._delivery.deliver(claim)
        if means is Verdict.FORBIDDEN:
            self._hold()
        elif means in {Verdict.CONTRIBUTED, Verdict.DECLINED} and self._held_until is not None:
            self._held_until = None
            self._delivery.metrics.held.set(0)
            _log.info("dispatcher.released")

    def _hold(self) -> None:
        """A missing permission concerns every contribution alike: hold them all, and probe with one at a time."""
        if self._held_until is None:
            self._delivery.metrics.held.set(1)
            _log.error("dispatcher.held", reason="the Gateway answers 403: our account lacks a permission")
        self._held_until = time.monotonic() + self._pace.hold.total_seconds()

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._delivery.metrics.in_flight.set(len(self._running))
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            _log.error("dispatcher.delivery_failed", error=str(error), exc_info=error)

    async def _recover(self) -> None:
        now = time.monotonic()
        if now - self._recovered < RECOVER_EVERY:
            return
        recovered = await self._delivery.outbox.recover(deduplicates=self._delivery.policy.deduplicates)
        self._recovered = now
        if recovered:
            self._delivery.metrics.leases_recovered.inc(recovered)
            if not self._delivery.policy.deduplicates:
                self._delivery.metrics.contributions_settled.labels(Status.UNKNOWN).inc(recovered)
            _log.error("dispatcher.leases_recovered", count=recovered)

    async def _rest(self, seconds: float) -> None:
        """Wait for word of work, of a free slot or of the end, or for the time to look again."""
        if not seconds:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _backoff(self) -> float:
        return float(min(2 ** min(self._failures, 6) * 0.1, 5.0) * (0.5 + self._jitter() / 2))
