"""The calls under way: how many there may be, as the circuit has it, and who of those that wait gets the next slot."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from app.dispatcher.delivery import Delivered, Delivery
from app.dispatcher.renewal import Lease
from app.domain.circuit import Circuit, CircuitPolicy, CircuitState
from app.ledger.claim import Claim

RECENT = 1.0  # seconds for which recording counts as going on

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call under way: its lease, which generation of the circuit let it through, and whether it is of the backlog."""

    lease: Lease
    generation: int
    claimed: bool


class Calls:
    """Slots are shared: while there is a backlog and events are recorded, each has half of them, so that neither waits
    for the other to end.
    """

    def __init__(
        self, delivery: Delivery, circuit: CircuitPolicy, *, jitter: Callable[[], float], freed: Callable[[], None]
    ) -> None:
        self._delivery = delivery
        self._circuit = Circuit.closed(circuit)
        self._jitter = jitter
        self._freed = freed
        self._running: dict[asyncio.Task[None], Call] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._claimed = 0
        self._reserved = 0
        self._claiming = 0
        self._recording_until = 0.0
        self.backlog = False  # whether more is known to be due than was claimed

    def __len__(self) -> int:
        return len(self._running)

    @property
    def state(self) -> CircuitState:
        """The circuit's."""
        return self._circuit.state

    @property
    def generation(self) -> int:
        """The circuit's: what was begun before it changed may not be sent after."""
        return self._circuit.generation

    @property
    def leases(self) -> list[Lease]:
        """Those of all calls."""
        return [call.lease for call in self._running.values()]

    @property
    def tasks(self) -> list[asyncio.Task[None]]:
        """All of them."""
        return list(self._running)

    def for_backlog(self) -> int:
        """How many may be claimed."""
        recording = time.monotonic() < self._recording_until
        free = self._free()
        return max(0, min(free, self._half() - self._claimed)) if recording else free

    def keep(self, slots: int) -> None:
        """Keep slots for what is being claimed, until `claimed`."""
        self._claiming += slots

    def claimed(self, slots: int) -> None:
        """End that."""
        self._claiming -= slots

    def reserve(self, wanted: int) -> int:
        """Keep slots for what is being recorded, until `free`: as many as there are, up to what is wanted. None unless
        the circuit is closed: what probes the Gateway is claimed.
        """
        if not wanted or self._circuit.state != "closed":
            return 0
        self._recording_until = time.monotonic() + RECENT
        recorded = len(self._running) - self._claimed + self._reserved
        room = min(self._free(), self._half() - recorded) if self.backlog else self._free()
        slots = max(0, min(wanted, room))
        self._reserved += slots
        return slots

    def free(self, slots: int) -> None:
        """End a reservation."""
        self._reserved -= slots

    def start(self, claim: Claim, lease: Lease, *, claimed: bool) -> None:
        """Deliver, in a task of its own."""
        call = Call(lease=lease, generation=self._circuit.generation, claimed=claimed)
        if self._loop is None:
            self._loop = asyncio.get_running_loop()  # which takes a system call
        task = self._loop.create_task(self._deliver(claim, call))
        self._running[task] = call
        self._claimed += claimed
        task.add_done_callback(self._finished)

    def _free(self) -> int:
        """What the circuit allows to its own generation, within what connections there are for all."""
        circuit = self._circuit
        if circuit.state == "open" and not self._delivery.gateway.answers:
            return 0
        of_before = sum(call.generation != circuit.generation for call in self._running.values())
        free = circuit.policy.concurrency - len(self._running)
        allowed = circuit.allowed(time.monotonic()) - len(self._running) + of_before
        return max(0, min(allowed, free) - self._reserved - self._claiming)

    def _half(self) -> int:
        return (self._circuit.limit + 1) // 2

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
        if self._circuit is before:
            return
        state = self._circuit.state
        self._delivery.metrics.held.set(state == "held")
        self._delivery.metrics.circuit_open.set(state == "open")
        if self._circuit.generation != before.generation and state == "open":
            self._delivery.gateway.ask()
        if state != before.state:
            level, event = _SAID[state]
            _log.log(level, event, reason=delivered.verdict.value)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._claimed -= self._running.pop(task).claimed
        if not task.cancelled() and (error := task.exception()):
            _log.error("dispatcher.delivery_failed", error=str(error), exc_info=error)
        self._freed()


_SAID = {
    "closed": (20, "dispatcher.circuit_closed"),
    "open": (40, "dispatcher.circuit_opened"),
    "held": (40, "dispatcher.held"),
}
