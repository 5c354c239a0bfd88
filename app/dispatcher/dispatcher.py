"""The dispatcher's loop: claims what there are free slots for, never dies silently, and stops without losing a call."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID, uuid4

import structlog

from app.dispatcher.calls import Calls
from app.dispatcher.delivery import Delivery
from app.dispatcher.renewal import Lease, keep_leases, renew
from app.dispatcher.unsent import Unsent
from app.domain.circuit import CircuitPolicy
from app.domain.settlement import Status
from app.ledger.claim import Claim
from app.ledger.engine import LedgerUnavailableError
from app.ledger.handover import Reservation
from app.ledger.outbox import Recovered

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


class Dispatcher:
    """Runs until it is stopped; any number of them may work on one ledger. What is recorded in its own process is
    handed over to it (`Taker`), everything else it claims.
    """

    def __init__(self, delivery: Delivery, pace: Pace, circuit: CircuitPolicy, *, jitter: Callable[[], float]) -> None:
        self._delivery = delivery
        self._pace = pace
        self._jitter = jitter
        self._calls = Calls(delivery, circuit, jitter=jitter, freed=self._look_if_worth_it)
        self._batch = max(1, circuit.concurrency // 8)  # claimed at once, or as much as there is room for
        self._reservations: dict[UUID, tuple[int, float]] = {}  # the circuit's generation and the lease's end, by token
        self._unsent = Unsent(delivery.outbox)
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
        return _STATES[self._calls.state]

    @property
    def in_flight(self) -> int:
        """How many contributions are in its hands."""
        return len(self._calls)

    def gateway_state(self) -> str:
        """Whether there is a service token to work with."""
        return "authenticated" if self._delivery.gateway.authenticated else "unauthenticated"

    def wake(self) -> None:
        """Say that there may be something due."""
        self._wake.set()

    def reserve(self, wanted: int) -> Reservation:
        """Keep slots for what is being recorded, if it could be sent at once."""
        ready = self._delivery.gateway.authenticated and not self._stopping.is_set()
        slots = self._calls.reserve(wanted) if ready else 0
        reservation = Reservation(slots=slots, token=uuid4(), lease=self._pace.lease)
        self._reservations[reservation.token] = self._calls.generation, self._lease_end()
        return reservation

    def take(self, reservation: Reservation, claims: Sequence[Claim], *, left: int) -> None:
        """Send what was recorded and leased to us, as if it had been claimed."""
        self._calls.free(reservation.slots)
        generation, until = self._reservations.pop(reservation.token)
        if claims and not self._may_send(generation, until):
            self._unsent.remember(reservation.token)
            self._wake.set()
            return
        for claim in claims:
            self._start(claim, until=until, claimed=False)
        self._calls.backlog |= left > 0
        self._look_if_worth_it()

    def forgo(self, reservation: Reservation) -> None:
        """Give back, with the next pass, what may be leased to us; also what is written only now: for as long as the
        lease would run.
        """
        self._calls.free(reservation.slots)
        del self._reservations[reservation.token]
        if reservation.slots:
            self._unsent.remember(reservation.token, until=self._lease_end())

    async def run(self) -> None:
        """Dispatch until `stop`; then let running calls finish and settle."""
        renewing = asyncio.create_task(keep_leases(self._delivery.outbox, lambda: self._calls.leases, self._pace.lease))
        try:
            while not self._stopping.is_set():
                self._wake.clear()
                await self._rest(await self._pass_and_count())
            while tasks := self._calls.tasks:
                await asyncio.wait(tasks)
            await self._unsent.give_back_at_last()
        finally:
            for task in (renewing, *self._calls.tasks):  # of those running only where `run` is cut off
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
        await self._unsent.give_back()
        await self._recover()
        slots = self._calls.for_backlog()
        if not slots or not self._delivery.gateway.authenticated:
            return False
        self._calls.keep(slots)
        try:
            await self._claim(slots)
        finally:
            self._calls.claimed(slots)
        return self._worth_looking()

    async def _claim(self, slots: int) -> None:
        """Claim, and mark as being sent what we are about to send. The token is remembered for as long as something may
        be leased with it and not sent: where an answer was lost, where meanwhile we are told to stop or the circuit
        opens, or where the process slept until another may have taken over.
        """
        token, lease, generation = uuid4(), self._pace.lease, self._calls.generation
        self._unsent.remember(token)
        self._calls.backlog = False  # unless it is found, or recorded meanwhile
        claims = await self._delivery.outbox.claim(slots, token=token, lease=lease)
        self._calls.backlog |= len(claims) == slots
        until = self._lease_end()
        ours = await self._delivery.outbox.begin(claims, lease=lease) if claims else set[UUID]()
        if claims and not self._may_send(generation, until):
            return
        self._unsent.forget(token)
        for claim in claims:
            if claim.id in ours:
                self._start(claim, until=until, claimed=True)

    def _may_send(self, generation: int, until: float) -> bool:
        same = not self._stopping.is_set() and self._calls.generation == generation
        return same and time.monotonic() < until

    def _start(self, claim: Claim, *, until: float, claimed: bool) -> None:
        lease = Lease(id=claim.id, token=claim.lease_token, until=until)
        self._calls.start(claim, lease, claimed=claimed)

    def _worth_looking(self) -> bool:
        """Whether more is due and there is room for a batch of it: a claim costs as much for one as for many."""
        free = self._calls.for_backlog() if self._calls.backlog else 0
        return free >= self._batch or (free > 0 and not self._calls)

    def _look_if_worth_it(self) -> None:
        if self._worth_looking():
            self._wake.set()

    def _lease_end(self) -> float:
        return time.monotonic() + self._pace.lease.total_seconds()

    def _after_others_renewed(self) -> float:
        """When whoever lives has renewed its leases, also where the database, or all of us, were away."""
        return self._lease_end()

    async def _recover(self) -> None:
        """Take over what dead holders left; not what was only kept from renewing, as we may have been ourselves."""
        now = time.monotonic()
        if now - self._progress > self._pace.lease.total_seconds():
            self._recover_at = self._after_others_renewed()
        if now < self._recover_at or not await renew(self._delivery.outbox, self._calls.leases, self._pace.lease):
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
