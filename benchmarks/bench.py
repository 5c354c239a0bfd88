"""The bench: a folder, a PostgreSQL, a secret, and how long things are measured."""

import base64
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from benchmarks.cores import Cores, available, divided
from benchmarks.database import Database
from benchmarks.proc import of_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all trials share. `seconds` is how long a load is about to last, `rows` how many events the largest ledger
    holds before.
    """

    folder: Path
    database: Database
    seconds: float
    rows: int
    quick: bool
    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def secret(self) -> str:
        """The key as it is configured."""
        return f"whsec_{base64.b64encode(self.key).decode()}"

    def number(self) -> int:
        """Another one each time: for names."""
        return next(self._numbers)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """PostgreSQL runs as long as the context."""
        try:
            await self.database.start()
            yield
        finally:
            self.database.stop()

    @asynccontextmanager
    async def divided(self, processes: int) -> AsyncIterator[Cores]:
        """Have ourselves, and so all that we start, and PostgreSQL on other cores than so many processes of the
        application, which is put where it belongs when it is started.
        """
        all_cores = available()
        cores = divided(all_cores, processes=processes)
        os.sched_setaffinity(self.database.pid, cores.rest)  # first: what it starts from here on inherits it
        for process in of_tree(self.database.pid):
            with suppress(ProcessLookupError):  # it has ended since
                os.sched_setaffinity(process.pid, cores.rest)
        os.sched_setaffinity(0, cores.rest)
        try:
            yield cores
        finally:
            os.sched_setaffinity(0, all_cores)
