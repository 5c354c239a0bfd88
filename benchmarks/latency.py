"""Percentiles of a full record: nothing is bucketed, sampled or interpolated."""

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """In milliseconds."""

    p50: float
    p90: float
    p99: float
    max: float


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest of the values, which are in order, that at least this share of them do not exceed."""
    if not ordered:
        raise ValueError("no values")
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def latency(nanoseconds: Sequence[int]) -> Latency | None:
    """None of nothing."""
    if not nanoseconds:
        return None
    ordered = sorted(nanoseconds)
    return Latency(
        p50=percentile(ordered, 0.5) / 1e6,
        p90=percentile(ordered, 0.9) / 1e6,
        p99=percentile(ordered, 0.99) / 1e6,
        max=ordered[-1] / 1e6,
    )
