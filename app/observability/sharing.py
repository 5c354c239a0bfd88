"""Metrics of several processes, shown as one: each writes its own into files of a folder, and whoever is scraped adds
them up.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from prometheus_client import CollectorRegistry, values
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

_MEMORY = Path("/dev/shm")  # noqa: S108 - the folder in it is ours alone
_UNOWNED, _OWNED, _OWNER = "event-processor-new-", "event-processor-metrics-", "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sharing:
    """One process's share. `ended` is how many there were in its place, before it, that are not counted yet."""

    folder: Path
    ended: int


@contextmanager
def shared_folder() -> Iterator[Path]:
    """A folder for the files, there for as long as the context: in memory, so that no count ever waits for a disk, or
    where temporary files are. Raises OSError where there is neither.
    """
    place = _MEMORY if os.access(_MEMORY, os.W_OK) else Path(gettempdir())
    _remove_left(place)
    made = Path(mkdtemp(prefix=_UNOWNED, dir=place))
    with (made / _OWNER).open("w") as owner:
        fcntl.flock(owner, fcntl.LOCK_EX)
        folder = made.rename(place / made.name.replace(_UNOWNED, _OWNED))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_left(place: Path) -> None:
    """What others, killed, could not: the kernel has let go of their locks."""
    for owner in place.glob(f"{_OWNED}*/{_OWNER}"):
        with suppress(OSError), owner.open() as lock:  # BlockingIOError: its owner lives
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(owner.parent, ignore_errors=True)


def share(folder: Path, number: int) -> None:
    """Have every metric that this process makes from now on in the folder, under its number. Who comes in the place of
    another takes its number, and counts on from where that one ended: there are never more files than workers.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
    values.ValueClass = values.MultiProcessValue(lambda: number)  # type: ignore[no-untyped-call]


def together(folder: Path) -> CollectorRegistry:
    """What all processes have written."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=str(folder))  # type: ignore[no-untyped-call]
    return registry


def forget(folder: Path, number: int) -> None:
    """Leave out what was only true while that process lived; what it counted stays."""
    mark_process_dead(number, path=str(folder))  # type: ignore[no-untyped-call]
