"""A rate with a burst, as a token bucket: a value, and what is left of it after each that is taken."""

from dataclasses import dataclass

SECOND = 10**9  # nanoseconds, and the parts of one token: whole numbers, so that nothing is rounded


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So many a second in the long run, and `burst` at once. Both are at least 1."""

    per_second: int
    burst: int

    @property
    def window(self) -> int:
        """In how many seconds, rounded up, as many as a burst come back."""
        return -(-self.burst // self.per_second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """What is left at a moment: `level` in billionths of a token, `at` in nanoseconds of a clock."""

    level: int
    at: int

    @property
    def left(self) -> int:
        """How many may be taken at once."""
        return self.level // SECOND


def full(rate: Rate, *, now: int) -> Bucket:
    """A bucket from which nothing was taken yet."""
    return Bucket(level=rate.burst * SECOND, at=now)


def take(bucket: Bucket, rate: Rate, *, now: int, tokens: int = 1) -> tuple[Bucket, bool]:
    """Take so many, if all are there: the bucket afterwards, and whether they were. A clock that goes back adds
    nothing.
    """
    elapsed = max(0, now - bucket.at)
    level = min(rate.burst * SECOND, bucket.level + elapsed * rate.per_second)
    taken = level >= tokens * SECOND
    return Bucket(level=level - tokens * SECOND if taken else level, at=bucket.at + elapsed), taken


def until(bucket: Bucket, rate: Rate, *, tokens: int) -> int:
    """In how many seconds, rounded up, so many are there, if none is taken."""
    return max(0, -(-(tokens * SECOND - bucket.level) // (rate.per_second * SECOND)))
