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

from app.dispatcher.delivery import SETTLE_RETRY, Delivered, Delivery
from app.dispatcher.renewal import Lease, keep_leases, renew
from app.domain.circuit import Circuit, CircuitPolicy
from app.domain.settlement import Status
from app.ledger.engine import LedgerUnavailableError
from app.ledger.outbox import Claim, Recovered

RECOVER_EVERY = 5.0  # seconds between looks for leases that their holders left behind

State = Literal["ok", "held", "circuit_open", "failing", "stalled", "stopped"]

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Looks for work at least every `poll_interval`. A `lease` is renewed for as long as a call takes, and so bounds
    for how long nobody knows that its holder died. Without a finished pass for `stalled_after`, the dispatcher counts
    as stalled.
    """

    poll_interval: timedelta
    lease: timedelta
    stalled_after: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call under way: its lease, and which generation of the circuit let it through."""

    lease: Lease
    generation: int


class Dispatcher:
    """Runs until it is stopped; any number of them may work on one ledger."""

    def __init__(self, delivery: Delivery, pace: Pace, circuit: CircuitPolicy, *, jitter: Callable[[], float]) -> None:
        self._delivery = delivery
        self._pace = pace
        self._circuit = Circuit.closed(circuit)
        self._jitter = jitter
        self._running: dict[asyncio.Task[None], Call] = {}
        self._unsent: set[UUID] = set()
        self._wake = asyncio.Event()
        self._stopping = asyncio.Event()
        self._failures = 0
        self._progress = time.monotonic()
        self._recover_at = self._after_others_renewed()

    @property
    def state(self) -> State:
        """What it is doing, by the progress it makes."""
        if self._stopping.is_set():
            return "stopped"
        if time.monotonic() - self._progress > self._pace.stalled_after.total_seconds():
            return "stalled"
        if self._failures:
            return "failing"
        return _STATES[self._circuit.state]

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
        renewing = asyncio.create_task(keep_leases(self._delivery.outbox, self._leases, self._pace.lease))
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                await self._rest(await self._pass_and_count())
            if self._running:
                await asyncio.wait(self._running)
            await self._give_back_at_last()
        finally:
            for task in (renewing, *self._running):  # of those running only where `run` is cut off
                task.cancel()

    def _leases(self) -> list[Lease]:
        return [call.lease for call in self._running.values()]

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
            self._recover_at = self._after_others_renewed()
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
        for claim, lease in claims:
            self._start(claim, lease)
        return len(claims) == slots

    async def _claim(self, slots: int) -> list[tuple[Claim, Lease]]:
        """Claim, and mark as being sent what we are about to send. The token is remembered for as long as something may
        be leased with it and not sent: where an answer was lost, where meanwhile we are told to stop or the circuit
        opens, or where the process slept until another may have taken over.
        """
        token, lease, generation = uuid4(), self._pace.lease, self._circuit.generation
        self._unsent.add(token)
        claims = await self._delivery.outbox.claim(slots, token=token, lease=lease)
        until = time.monotonic() + lease.total_seconds()
        ours = await self._delivery.outbox.begin(token, lease=lease) if claims else set[UUID]()
        if self._stopping.is_set() or self._circuit.generation != generation or time.monotonic() >= until:
            return []
        self._unsent.discard(token)
        return [(claim, Lease(id=claim.id, token=token, until=until)) for claim in claims if claim.id in ours]

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
        """What the circuit allows to its own generation, within what connections there are for all."""
        circuit = self._circuit
        if circuit.state == "open" and not self._delivery.gateway.answers:
            return 0
        fresh = sum(call.generation == circuit.generation for call in self._running.values())
        free = circuit.policy.concurrency - len(self._running)
        return max(0, min(circuit.allowed(time.monotonic()) - fresh, free))

    def _start(self, claim: Claim, lease: Lease) -> None:
        call = Call(lease=lease, generation=self._circuit.generation)
        task = asyncio.create_task(self._deliver(claim, call))
        self._running[task] = call
        self._delivery.metrics.in_flight.set(len(self._running))
        task.add_done_callback(self._finished)

    async def _deliver(self, claim: Claim, call: Call) -> None:
        self._learn(await self._delivery.deliver(claim, leased=call.lease.runs), call)

    def _learn(self, delivered: Delivered, call: Call) -> None:
        """Open or close the circuit by how a call went."""
        if delivered.verdict is None:
            return
        before = self._circuit
        self._circuit = before.after(
            delivered.verdict,
            generation=call.generation,
            now=time.monotonic(),
            jitter=self._jitter(),
            retry_after=delivered.retry_after,
        )
        state = self._circuit.state
        self._delivery.metrics.held.set(state == "held")
        self._delivery.metrics.circuit_open.set(state == "open")
        if self._circuit.generation != before.generation and state == "open":
            self._delivery.gateway.ask()
        if state != before.state:
            level, event = _SAID[state]
            _log.log(level, event, reason=delivered.verdict.value)

    def _finished(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self._delivery.metrics.in_flight.set(len(self._running))
        self._wake.set()
        if not task.cancelled() and (error := task.exception()):
            _log.error("dispatcher.delivery_failed", error=str(error), exc_info=error)

    def _after_others_renewed(self) -> float:
        """When whoever lives has renewed its leases, also where the database, or all of us, were away."""
        return time.monotonic() + self._pace.lease.total_seconds()

    async def _recover(self) -> None:
        """Take over what dead holders left; not what was only kept from renewing, as we may have been ourselves."""
        now = time.monotonic()
        if now - self._progress > self._pace.lease.total_seconds():
            self._recover_at = self._after_others_renewed()
        if now < self._recover_at or not await renew(self._delivery.outbox, self._leases(), self._pace.lease):
            return
        metrics, deduplicates = self._delivery.metrics, self._delivery.policy.deduplicates
        recovered = await self._delivery.outbox.recover(deduplicates=deduplicates)
        self._recover_at = now + RECOVER_EVERY
        if recovered == Recovered():
            return
        metrics.leases_recovered.inc(recovered.unsent + recovered.sent)
        if not deduplicates:
            metrics.contributions_settled.labels(Status.UNKNOWN).inc(recovered.sent)
        _log.error("dispatcher.leases_recovered", unsent=recovered.unsent, sent=recovered.sent)

    async def _rest(self, seconds: float) -> None:
        """Wait for word of work, of a free slot or of the end, or for the time to look again."""
        if not seconds:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    def _backoff(self) -> float:
        return float(min(2 ** min(self._failures, 6) * 0.1, 5.0) * (0.5 + self._jitter() / 2))


_STATES: dict[str, State] = {"closed": "ok", "open": "circuit_open", "held": "held"}
_SAID = {
    "closed": (20, "dispatcher.circuit_closed"),
    "open": (40, "dispatcher.circuit_opened"),
    "held": (40, "dispatcher.held"),
}
