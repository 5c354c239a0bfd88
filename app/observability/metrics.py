"""The metrics, each with its meaning; scraped at /metrics."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from app.domain.settlement import Status
from app.observability.sharing import together

CONTENT_TYPE = CONTENT_TYPE_LATEST
_CALL_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_END_TO_END_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400)


class Metrics:
    """One process's metrics, in a registry of their own. Where it is one of several workers, `folder` is what they
    share: counters are added up, and each gauge says how its values are made one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        registry = CollectorRegistry()
        name = "event_processor_{}".format

        self.events_accepted = Counter(
            name("events_accepted_total"), "Events recorded that owe contributions", ["feed"], registry=registry
        )
        self.events_ignored = Counter(
            name("events_ignored_total"), "Events recorded that owe nothing", ["feed", "reason"], registry=registry
        )
        self.events_duplicate = Counter(
            name("events_duplicate_total"), "Events answered from the ledger", ["feed"], registry=registry
        )
        self.events_followed = Counter(
            name("events_followed_total"),
            "Events kept beside another one: states that owe nothing, of what is recorded",
            ["feed", "reason"],
            registry=registry,
        )
        self.events_conflict = Counter(
            name("events_conflict_total"),
            "Events refused: another one stands under their key",
            ["feed"],
            registry=registry,
        )
        self.events_skipped = Counter(
            name("events_skipped_total"),
            "Events of batches that say they are another feed's",
            ["feed"],
            registry=registry,
        )
        self.events_refused = Counter(
            name("events_refused_total"), "Requests refused before recording", ["feed", "cause"], registry=registry
        )
        self.refusals_left_out = Counter(
            name("refusals_left_out_total"), "Refused requests that were too many to log", ["feed"], registry=registry
        )
        self.events_asked = Counter(
            name("events_asked_total"),
            "Questions what became of an event; 'found', or why there was no answer",
            ["feed", "answer"],
            registry=registry,
        )
        self.unwritten = Gauge(
            name("events_unwritten"),
            "Events that wait for their commit",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.record_seconds = Histogram(
            name("record_seconds"), "Time to commit an event", buckets=_CALL_BUCKETS, registry=registry
        )
        self.contributions_settled = Counter(
            name("contributions_settled_total"),
            "Contributions by outcome; 'pending' counts those to be tried again",
            ["status"],
            registry=registry,
        )
        self.leases_lost = Counter(
            name("leases_lost_total"), "Outcomes not written, since the lease had passed on", registry=registry
        )
        self.leases_recovered = Counter(
            name("leases_recovered_total"), "Contributions whose dispatcher died with the lease", registry=registry
        )
        self.gateway_call_seconds = Histogram(
            name("gateway_call_seconds"), "Time of a contribution call", buckets=_CALL_BUCKETS, registry=registry
        )
        self.end_to_end_seconds = Histogram(
            name("end_to_end_seconds"),
            "Time from recording an event to its contribution's acceptance",
            buckets=_END_TO_END_BUCKETS,
            registry=registry,
        )
        self.passes_failed = Counter(
            name("dispatcher_passes_failed_total"), "Passes of the dispatcher that failed", registry=registry
        )
        self.in_flight = Gauge(
            name("dispatcher_in_flight"),
            "Contributions in the hands of this process, or of all workers",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.held = Gauge(
            name("dispatcher_held"),
            "1 while the Gateway answers 403 and everything is held",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.circuit_open = Gauge(
            name("dispatcher_circuit_open"),
            "1 while the Gateway fails and only probes are sent",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self.authenticated = Gauge(
            name("gateway_authenticated"),
            "1 while there is a service token",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self.paused = Gauge(
            name("paused"),
            "1 while a person has paused forwarding, everywhere",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.backlog = Gauge(
            name("backlog"),
            "Contributions pending, in all processes; about, above 10,000",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.backlog_oldest_due = Gauge(
            name("backlog_oldest_due_seconds"),
            "How long the oldest pending has been due",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.pruned = Counter(
            name("pruned_total"),
            "What retention removed: contributions by status, events, and what those owed",
            ["what"],
            registry=registry,
        )
        self.sweeps_failed = Counter(name("sweeps_failed_total"), "Sweeps of retention that failed", registry=registry)
        self.workers = Gauge(
            name("workers"), "Processes that serve together", registry=registry, multiprocess_mode="livesum"
        )
        self.workers_replaced = Counter(
            name("workers_replaced_total"), "Workers that ended unasked, and were replaced", registry=registry
        )
        for status in Status:  # an alarm on a rise does not see a series begin
            self.contributions_settled.labels(status)
        self._shown = together(folder) if folder else registry
        # A metric's child; to look it up in the library costs more than to count.
        self.child: Callable[..., Any] = cache(lambda metric, *labels: metric.labels(*labels))

    def exposition(self) -> bytes:
        """All of them, those of all workers, in the text format of CONTENT_TYPE."""
        return generate_latest(self._shown)
