"""All scenarios, in the order in which they are run."""

from benchmarks.scenarios import floor, job, ledgers, latencies, backlog  # isort: skip

__all__ = ["backlog", "floor", "job", "latencies", "ledgers"]
