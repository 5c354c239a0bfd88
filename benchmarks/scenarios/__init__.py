"""All scenarios, in the order in which they are run."""

from benchmarks.scenarios import floor, job

__all__ = ["floor", "job"]
