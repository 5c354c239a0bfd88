"""All scenarios, in the order in which they are run."""

from benchmarks.scenarios import floor, job, ledgers, latencies, backlog, instead  # isort: skip

__all__ = ["backlog", "floor", "instead", "job", "latencies", "ledgers"]
