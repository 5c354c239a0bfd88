"""The PostgreSQL of all contenders: durable, and asked what each of them cost it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg

from app.ledger.embedded import EmbeddedServer

USER = "benchmark"  # no superuser, as a contender in production is none
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}


class NotDurableError(Exception):
    """PostgreSQL would lose what it committed: nothing measured on it is worth anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What PostgreSQL counts of a database since it was made: transactions, and versions of rows that died, of which
    `hot` left no trace in an index.
    """

    commits: int
    dead: int
    hot: int


class Database:
    """The embedded server of a folder, with a database for each trial."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedServer(folder)
        self._pid_file = folder.resolve() / "postgres" / "postmaster.pid"
        self._sockets = parse_qs(urlsplit(self._server.url).query)["host"][0]

    def url(self, name: str) -> str:
        """Of one of the databases, for its contender."""
        return f"postgresql://{USER}@/{name}?host={self._sockets}"

    @property
    def pid(self) -> int:
        """The process that all others of the server descend from."""
        return int(self._pid_file.read_text().partition("\n")[0])

    @property
    def running(self) -> bool:
        """Whether it is up, whoever started it."""
        return self._server.running

    async def start(self) -> None:
        """Start it. Raises NotDurableError."""
        self._server.start()  # not in a thread, which would run on other cores
        async with self._connected("postgres") as connection:
            for setting, wanted in DURABLE.items():
                if await connection.fetchval(f"show {setting}") != wanted:
                    raise NotDurableError(f"{setting} is not {wanted}")
            if not await connection.fetchval("select count(*) from pg_roles where rolname = $1", USER):
                await connection.execute(f"create role {USER} login createdb")

    def stop(self) -> None:
        """Stop it at once: nobody will read it again."""
        if self._server.running:
            self._server.stop("immediate")

    async def create(self, name: str) -> None:
        """Make an empty database."""
        async with self._connected("postgres") as connection:
            await connection.execute(f"drop database if exists {name} with (force)")
            await connection.execute(f"create database {name} owner {USER}")

    async def checkpoint(self) -> None:
        """Have nothing left to write: each trial begins like this, so that none pays for those before."""
        await self.execute("postgres", "checkpoint")

    async def drop(self, name: str) -> None:
        """Remove a database, and end whoever is connected."""
        async with self._connected("postgres") as connection:
            await connection.execute(f"drop database if exists {name} with (force)")

    async def exists(self, name: str) -> bool:
        """Whether there is such a database."""
        return bool(await self.value("postgres", "select count(*) from pg_database where datname = $1", name))

    async def version(self) -> str:
        """Of PostgreSQL."""
        return str(await self.value("postgres", "show server_version")).partition(" ")[0]

    async def wal(self) -> int:
        """Bytes of write-ahead log since ever."""
        return int(await self.value("postgres", "select pg_current_wal_lsn() - '0/0'::pg_lsn"))

    async def counters(self, name: str) -> Counters:
        """Exact once all connections of the database are closed: PostgreSQL adds up then, at the latest."""
        async with self._connected("postgres") as connection:
            commits = await connection.fetchval("select xact_commit from pg_stat_database where datname = $1", name)
        async with self._connected(name) as connection:
            rows = await connection.fetchrow(_ROWS)
        return Counters(commits=commits, dead=rows["dead"], hot=rows["hot"])

    async def closed(self, name: str) -> bool:
        """Whether nobody is connected to a database."""
        return not await self.value("postgres", "select count(*) from pg_stat_activity where datname = $1", name)

    async def execute(self, name: str, statement: str, *parameters: Any) -> None:
        """Run a statement, however long it takes."""
        async with self._connected(name) as connection:
            await connection.execute(statement, *parameters, timeout=3600)

    async def value(self, name: str, statement: str, *parameters: Any) -> Any:
        """The one value that a statement gives."""
        async with self._connected(name) as connection:
            return await connection.fetchval(statement, *parameters)

    @asynccontextmanager
    async def _connected(self, name: str) -> AsyncIterator[Any]:
        connection = await asyncpg.connect(user="postgres", database=name, host=self._sockets, timeout=60)
        try:
            yield connection
        finally:
            await connection.close()


_ROWS = """
select coalesce(sum(n_tup_upd + n_tup_del), 0)::bigint as dead, coalesce(sum(n_tup_hot_upd), 0)::bigint as hot
from pg_stat_user_tables
"""
