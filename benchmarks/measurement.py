"""What one load on one contender came to."""

from dataclasses import dataclass

from benchmarks.judge import Judgement
from benchmarks.latency import Latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """CPU is in milliseconds for each event, as often as it was sent; `rate` is of events a second until all was done
    that is owed for them, `answered_rate` until all were answered. `answer` is the latency of the 2xx and `delay` the
    time from the 2xx to the contribution's arrival at the Gateway, both in milliseconds; `from_due` is that time from
    when the request was due. Memory is in bytes, WAL in bytes for each event, `late` how late the generator itself was
    at 99 %, in milliseconds.
    """

    events: int
    statuses: dict[str, int]
    rate: float
    answered_rate: float
    cpu: float
    database_cpu: float
    gateway_cpu: float
    generator_cpu: float
    memory_before: int
    memory_after: int
    wal: float
    answer: Latency | None
    delay: Latency | None
    from_due: Latency | None
    late: float
    connections: int
    judgement: Judgement | None
    commits: float | None = None
    dead: float | None = None
    hot: float | None = None

    @property
    def all_cpu(self) -> float:
        """Of the application and PostgreSQL."""
        return self.cpu + self.database_cpu

    @property
    def p50(self) -> float | None:
        """Of the answers."""
        return self.answer.p50 if self.answer else None

    @property
    def p99(self) -> float | None:
        """Of the answers."""
        return self.answer.p99 if self.answer else None

    @property
    def delay_p99(self) -> float | None:
        """From the 2xx to the Gateway."""
        return self.delay.p99 if self.delay else None

    @property
    def failures(self) -> list[str]:
        """What was not as it has to be, in words."""
        found = [f"{count} answered {status}" for status, count in self.statuses.items() if not status.startswith("2")]
        if self.judgement and self.judgement.lost:
            found.append(f"{self.judgement.lost} acknowledged and lost")
        if self.judgement and self.judgement.twice:
            found.append(f"{self.judgement.twice} contributed twice")
        if self.judgement and self.judgement.wrong_amount:
            found.append(f"{self.judgement.wrong_amount} contributed with another amount")
        return found
