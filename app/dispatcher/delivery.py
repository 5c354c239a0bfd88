"""One delivery: call the Gateway for a claimed contribution and settle it, come what may."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from app.domain.outcome import Answered, NotSent, Reply, Unanswered, Verdict, Withheld, retry_after, verdict
from app.domain.settlement import RetryPolicy, Settlement, Status, settlement
from app.gateway.client import Gateway
from app.ledger.claim import Claim
from app.ledger.engine import LedgerUnavailableError
from app.ledger.outbox import Outbox
from app.observability.metrics import Metrics

KEPT_OF_A_RESPONSE = 2048  # characters
SETTLE_RETRY = 0.2  # seconds between tries to write an outcome while the database does not answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """What a delivery says about the Gateway; nothing where there was no call."""

    verdict: Verdict | None
    retry_after: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How to deliver. `jitter` gives random numbers in [0, 1)."""

    gateway: Gateway
    outbox: Outbox
    metrics: Metrics
    policy: RetryPolicy
    jitter: Callable[[], float]
    log: Any = field(default_factory=lambda: structlog.get_logger().bind())  # bound once, not for each line

    async def deliver(self, claim: Claim, *, leased: Callable[[], bool]) -> Delivered:
        """Call, if it is `leased` at the moment of sending, and settle. Once the call has begun, its outcome is known
        here alone, so this keeps trying to write it until it is written or the lease has passed to another.
        """
        if claim.doubtful and not self.policy.deduplicates:
            return await self._withhold(claim)
        began = time.monotonic()
        reply = await self.gateway.contribute(claim.id, claim.body, may_send=leased)
        took = time.monotonic() - began
        means, wait = verdict(reply), retry_after(reply, now=datetime.now(UTC))
        settled = settlement(
            means,
            self.policy,
            attempt=claim.attempt,
            age=claim.age + timedelta(seconds=took),
            retry_after=wait,
            jitter=self.jitter(),
        )
        if claim.doubtful:
            settled = settled.after_doubt()
        if await self._settle(claim, settled, reply):
            self._observe(claim, settled, reply, took)
        else:
            self.metrics.leases_lost.inc()
            self.log.error("dispatcher.lease_lost", **_ids(claim), verdict=means.name.lower())
        return Delivered(verdict=means, retry_after=wait)

    async def _withhold(self, claim: Claim) -> Delivered:
        """Not send what an earlier call may have made, left to be repeated when the Gateway was said to deduplicate."""
        unheard = Unanswered(cause="an earlier call may have been accepted, and the Gateway does not deduplicate")
        await self._settle(claim, Settlement(status=Status.UNKNOWN, doubtful=True, spent=False), unheard)
        self.metrics.contributions_settled.labels(Status.UNKNOWN).inc()
        self.log.error("dispatcher.outcome_unknown", **_ids(claim), cause=unheard.cause)
        return Delivered(verdict=None, retry_after=None)

    async def _settle(self, claim: Claim, settled: Settlement, reply: Reply) -> bool:
        status, text = _answer(reply)
        failed = False
        while True:
            try:
                written = await self.outbox.settle(claim, settled, gateway_status=status, gateway_response=text)
                return written or (failed and await self.outbox.is_settled(claim, settled))
            except LedgerUnavailableError as error:
                failed = True
                self.log.warning("dispatcher.settle_failed", **_ids(claim), error=str(error))
                await asyncio.sleep(SETTLE_RETRY)

    def _observe(self, claim: Claim, settled: Settlement, reply: Reply, took: float) -> None:
        self.metrics.gateway_call_seconds.observe(took)
        self.metrics.child(self.metrics.contributions_settled, settled.status).inc()
        if settled.status is Status.CONTRIBUTED:
            self.metrics.end_to_end_seconds.observe(claim.age.total_seconds() + took)
        level, event = _EVENTS[settled.status]
        status, text = _answer(reply)
        fields: dict[str, Any] = {"gateway_status": status} if status else {"cause": text}
        if settled.status is Status.PENDING:
            fields["due_in"] = round(settled.delay.total_seconds(), 3)
        self.log.log(level, event, **_ids(claim), attempt=claim.attempt, seconds=round(took, 4), **fields)


_EVENTS = {
    Status.CONTRIBUTED: (20, "dispatcher.contributed"),
    Status.DECLINED: (20, "dispatcher.declined"),
    Status.PENDING: (30, "dispatcher.contribution_retried"),
    Status.UNKNOWN: (40, "dispatcher.outcome_unknown"),
    Status.EXPIRED: (40, "dispatcher.contribution_expired"),
}


def _answer(reply: Reply) -> tuple[int | None, str]:
    match reply:
        case Answered(status=status, body=body):
            return status, body[:KEPT_OF_A_RESPONSE]
        case NotSent(cause=cause) | Withheld(cause=cause) | Unanswered(cause=cause):
            return None, cause


def _ids(claim: Claim) -> dict[str, str]:
    key = claim.key
    return {
        "contribution_id": str(claim.id),
        "feed": key.feed,
        "brand_id": key.brand_id,
        "event_id": key.event_id,
        "source_id": claim.source_id,
    }
