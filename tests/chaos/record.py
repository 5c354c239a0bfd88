"""The operator's own record, written before it acts on anything: what was sent, and what was acknowledged."""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

Key = tuple[str, str, str]  # feed, brand_id, event_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What a 202 promised for an event: how many contributions, each of which amount."""

    contributions: int
    amount: str


@dataclass(slots=True, kw_only=True)
class Written:
    """What a record says. `fresh` counts the 202s that did not say that the event had been recorded before."""

    sent: set[Key] = field(default_factory=set)
    promised: dict[Key, Promise] = field(default_factory=dict)
    fresh: Counter[Key] = field(default_factory=Counter)


class WriteAheadRecord:
    """An append-only file. Each entry is with the kernel when the method returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def sending(self, key: Key) -> None:
        """Note an event that is about to be sent for the first time."""
        self._append("sending", key)

    def acknowledged(self, key: Key, promise: Promise, *, fresh: bool) -> None:
        """Note a 202."""
        self._append("acknowledged", key, promise.contributions, promise.amount, fresh)

    def read(self) -> Written:
        """What the file says."""
        written = Written()
        with self._path.open() as lines:
            for line in lines:
                match json.loads(line):
                    case ["sending", [feed, brand_id, event_id]]:
                        written.sent.add((feed, brand_id, event_id))
                    case ["acknowledged", [feed, brand_id, event_id], int(contributions), str(amount), fresh]:
                        key = (feed, brand_id, event_id)
                        written.promised[key] = Promise(contributions=contributions, amount=amount)
                        written.fresh[key] += bool(fresh)
        return written

    def close(self) -> None:
        """Nothing more will be written."""
        os.close(self._file)

    def _append(self, *entry: object) -> None:
        os.write(self._file, json.dumps(entry).encode() + b"\n")
