"""What a generator is told to do, and the record that it gives back."""

import json
from array import array
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Send `count` events to these ports in turn: each in a request, or, with a `batch`, so many in an array. With a
    `rate`, in events a second, each request at its time whatever became of those before it; without one, as fast as
    `connections` are answered. `repeated` is the share of events that were sent before; `among` is as of
    `events.event_id`; `key` signs the requests, in hexadecimal.
    """

    ports: tuple[int, ...]
    count: int
    prefix: str
    key: str
    record: str
    rate: float | None = None
    connections: int = 64
    repeated: float = 0.0
    among: int = 0
    batch: int = 0
    seed: int = 1

    @property
    def together(self) -> int:
        """How many events a request carries."""
        return self.batch or 1

    def text(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, line: str) -> Self:
        """From its line."""
        fields = json.loads(line)
        return cls(**(fields | {"ports": tuple(fields["ports"])}))


def _numbers() -> "array[int]":
    return array("q")


@dataclass(slots=True, kw_only=True)
class Record:
    """For each event: its number, when its request was due, sent and answered (nanoseconds of the system's monotonic
    clock, which all processes share), and the answer's status: 0 where the connection was lost, and where `answered` is
    0 none came.
    """

    event: "array[int]" = field(default_factory=_numbers)
    due: "array[int]" = field(default_factory=_numbers)
    sent: "array[int]" = field(default_factory=_numbers)
    answered: "array[int]" = field(default_factory=_numbers)
    status: "array[int]" = field(default_factory=_numbers)
    cpu_seconds: float = 0.0
    connections: int = 0

    @classmethod
    def empty(cls, events: Sequence[int]) -> Self:
        """Room for a record of so many."""
        count = len(events)
        return cls(
            event=array("q", events),
            due=array("q", bytes(8 * count)),
            sent=array("q", bytes(8 * count)),
            answered=array("q", bytes(8 * count)),
            status=array("q", bytes(8 * count)),
        )

    def of_each(self, arrays: Sequence[Sequence[int]]) -> Self:
        """The record of all events, from one that has the first of each request: they share what became of it."""

        def shared(column: "array[int]") -> "array[int]":
            return array("q", [value for value, carried in zip(column, arrays, strict=True) for _ in carried])

        return replace(
            self,
            event=array("q", [event for carried in arrays for event in carried]),
            due=shared(self.due),
            sent=shared(self.sent),
            answered=shared(self.answered),
            status=shared(self.status),
        )

    def write(self, path: Path) -> None:
        """To a file that `read` understands."""
        columns = {name: getattr(self, name).tolist() for name in _COLUMNS}
        path.write_text(json.dumps(columns | {"cpu_seconds": self.cpu_seconds, "connections": self.connections}))

    @classmethod
    def read(cls, path: Path) -> Self:
        """From its file."""
        fields = json.loads(path.read_text())
        return cls(**(fields | {name: array("q", fields[name]) for name in _COLUMNS}))


_COLUMNS = ("event", "due", "sent", "answered", "status")
