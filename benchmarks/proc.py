"""What processes used, as /proc has it. Linux only."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

_TICK = 1 / os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """`cpu_seconds` is user and system time, that of its ended children included; `resident` is in bytes."""

    pid: int
    parent: int
    session: int
    cpu_seconds: float
    resident: int


def processes() -> dict[int, Process]:
    """All there are."""
    return {process.pid: process for process in _read_all()}


def of_session(leaders: Iterable[int]) -> list[Process]:
    """Every process of the sessions that these began, whoever its parent is by now."""
    wanted = set(leaders)
    return [process for process in processes().values() if process.session in wanted]


def of_tree(root: int) -> list[Process]:
    """A process and its descendants."""
    return below(root, processes())


def below(root: int, found: dict[int, Process]) -> list[Process]:
    """Of these, a process and its descendants."""
    return [process for process in found.values() if _descends(process, root, found)]


def cpu_seconds(found: Iterable[Process]) -> float:
    """Of all of them, so far."""
    return sum(process.cpu_seconds for process in found)


def resident(found: Iterable[Process]) -> int:
    """Bytes of all of them; what they share is counted for each."""
    return sum(process.resident for process in found)


def _descends(process: Process | None, root: int, found: dict[int, Process]) -> bool:
    while process is not None:
        if process.pid == root:
            return True
        process = found.get(process.parent)
    return False


def _read_all() -> Iterator[Process]:
    for name in os.listdir("/proc"):  # noqa: PTH208 - asked for often: a Path for each name would cost as much again
        if name.isdigit():
            try:
                yield read_stat(Path("/proc", name, "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue


def read_stat(text: str) -> Process:
    """A process from its line in /proc, whose second field is a name that may hold anything."""
    pid, _, rest = text.partition(" (")
    fields = rest.rpartition(") ")[2].split()
    return Process(
        pid=int(pid),
        parent=int(fields[1]),
        session=int(fields[3]),
        cpu_seconds=sum(map(int, fields[11:15])) * _TICK,
        resident=int(fields[21]) * _PAGE,
    )
