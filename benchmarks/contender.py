"""The seam: what there is to know of somebody who takes part, so that all of them are loaded and judged alike."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Role = Literal["application", "store"]


class NotRunnableError(Exception):
    """A contender cannot be run on this machine. Its text says why, and goes into the report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a contender runs: in so many `processes`. `ports` has one for each, or one for all; `folder` is its own,
    for files and logs; `secret` is that of the webhooks, as `whsec_…`. The database is PostgreSQL's, empty, and reached
    by a Unix socket.
    """

    ports: tuple[int, ...]
    database_url: str
    gateway_url: str
    secret: str
    folder: Path
    processes: int = 1
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        """The first of them."""
        return self.ports[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A command line, and what it needs. Those of the role `store` run beside PostgreSQL and are counted with it, as a
    broker is; those of the role `application` run on the application's core. The environment is added to ours.
    """

    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path | None = None
    role: Role = "application"


def _nothing() -> None:
    """Nothing has to be installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """`promises` says in a sentence what an acknowledgement is worth. `prepare` installs what is not there, and raises
    NotRunnableError where that can't be done. `before` runs to its end, in order, before `start`, all of which run
    until they are killed; every port has to answer `health` with 2xx then, and with `sign` somewhere in it. A contender
    that `forwards` makes a contribution at the Gateway for each event that it acknowledges with a 2xx. `unsettled` is
    SQL: how many events it still has something to do for. `senders` is how many at once bring out the most that it can
    do, `warm_up` for how many seconds it is loaded before it is measured: code that is compiled while it runs needs
    more. With `one_port` its processes, where it is to have several, share one.
    """

    name: str
    title: str
    promises: str
    start: Callable[[Place], Sequence[Command]]
    before: Callable[[Place], Sequence[Command]] = lambda _: ()
    prepare: Callable[[], None] = _nothing
    health: str = "/health"
    sign: str = ""
    forwards: bool = True
    unsettled: str | None = None
    warm_up: float = 1.0
    senders: int = 64
    one_port: bool = False
