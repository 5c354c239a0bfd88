"""The PostgreSQL of the suite: its life is the harness's own, and the services are ordinary users of it."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import asyncpg

from app.ledger.embedded import EmbeddedServer
from app.ledger.engine import create_engine
from app.ledger.schema import migrate
from app.sandbox.account import Owed
from tests.chaos.record import Key

NAME = "chaos"
USER = "event_processor"  # no superuser: what PostgreSQL reserves for these is not for services


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRows:
    """What the ledger holds of some events: which are there, and each of their contributions' status."""

    events: frozenset[Key]
    statuses: dict[Owed, str]


class ChaosDatabase:
    """The embedded server of a folder."""

    def __init__(self, folder: Path) -> None:
        self._server = EmbeddedServer(folder)
        self._sockets = parse_qs(urlsplit(self._server.url).query)["host"][0]

    @property
    def url(self) -> str:
        """For the services."""
        return f"postgresql://{USER}@/{NAME}?host={self._sockets}"

    @property
    def socket(self) -> str:
        """For a proxy."""
        return f"{self._sockets}/.s.PGSQL.5432"

    async def start(self) -> None:
        """Start it, if it is not running; returns when it takes connections."""
        await asyncio.to_thread(self._server.start)

    async def crash(self) -> None:
        """End it as a crash does: nothing is written, nobody is told."""
        await asyncio.to_thread(self._server.stop, "immediate")

    def crash_at_last(self) -> None:
        """The same, where nothing can be awaited any more."""
        if self._server.running:
            self._server.stop("immediate")

    async def create(self) -> None:
        """Make the database, with a ledger as this version has it."""
        async with self._connected("postgres") as connection:
            await connection.execute(f"create role {USER} login")
            await connection.execute(f"create database {NAME} owner {USER}")
        engine = create_engine(self.url, pool_size=2, timeout=timedelta(minutes=1), bounded=False)
        await migrate(engine)
        await engine.dispose()

    async def version(self) -> str:
        """Of PostgreSQL."""
        return str(await self.value("show server_version")).partition(" ")[0]

    async def execute(self, statement: str, *parameters: Any) -> None:
        """Run a statement, however long it takes."""
        async with self._connected() as connection:
            await connection.execute(statement, *parameters, timeout=1800)

    async def value(self, statement: str, *parameters: Any) -> Any:
        """The one value that a statement gives."""
        async with self._connected() as connection:
            return await connection.fetchval(statement, *parameters)

    async def under_way(self) -> dict[str, int]:
        """How many contributions are not settled, by status."""
        async with self._connected() as connection:
            return {
                status: await connection.fetchval(f"select count(*) from contributions where status = '{status}'")  # noqa: S608
                for status in ("pending", "in_flight")  # as literals: only so their indexes are used
            }

    async def leases(self) -> list[UUID]:
        """What is in flight, by the tokens of the leases."""
        return list(
            await self.value("select array_agg(lease_token) from contributions where status = 'in_flight'") or ()
        )

    async def at_work(self, dead: list[UUID]) -> bool:
        """Whether anything is due or in flight, but for what dead processes hold."""
        return bool(await self.value(_AT_WORK, dead))

    async def rows(self, keys: Iterable[Key]) -> LedgerRows:
        """What the ledger holds of these events."""
        columns = list(map(list, zip(*keys, strict=True))) or [[], [], []]
        async with self._connected() as connection:
            rows = await connection.fetch(_ROWS, *columns, timeout=120)
        return LedgerRows(
            events=frozenset((row["feed"], row["brand_id"], row["event_id"]) for row in rows),
            statuses={
                (row["feed"], row["brand_id"], row["event_id"], row["source_id"]): row["status"]
                for row in rows
                if row["status"] is not None
            },
        )

    async def terminate_backends(self) -> int:
        """End every connection of the services. Gives how many there were."""
        return int(await self.value(_TERMINATE, USER))

    @asynccontextmanager
    async def all_connections_taken(self) -> AsyncIterator[None]:
        """Take every connection there is, the services' own too, until the context ends."""
        taken: list[Any] = []
        try:
            await self._take_all(taken)
            yield
        finally:
            for connection in taken:
                connection.terminate()

    async def _take_all(self, taken: list[Any]) -> None:
        for _ in range(3):  # the services are back at once, each time a little less
            with suppress(asyncpg.TooManyConnectionsError):
                while True:
                    taken.append(await asyncpg.connect(user=USER, database=NAME, host=self._sockets, timeout=30))
            await self.terminate_services(keep=[connection.get_server_pid() for connection in taken])

    async def terminate_services(self, *, keep: list[int]) -> None:
        """End the connections of the services, but for those of these processes."""
        await self.value(_TERMINATE_OTHERS, USER, keep)

    @asynccontextmanager
    async def _connected(self, database: str = NAME) -> AsyncIterator[Any]:
        """A connection of our own, as superuser."""
        connection = await asyncpg.connect(user="postgres", database=database, host=self._sockets, timeout=60)
        try:
            yield connection
        finally:
            connection.terminate()


_ROWS = """
select e.feed, e.brand_id, e.event_id, c.source_id, c.status
from unnest($1::text[], $2::text[], $3::text[]) as k (feed, brand_id, event_id)
join events e using (feed, brand_id, event_id)
left join lateral unnest(e.contribution_ids) as owed (id) on true
left join contributions c on c.id = owed.id
"""
_AT_WORK = """
select exists (select from contributions where status = 'pending')
    or exists (select from contributions where status = 'in_flight' and lease_token <> all ($1::uuid[]))
"""
_TERMINATE = "select count(pg_terminate_backend(pid)) from pg_stat_activity where usename = $1"
_TERMINATE_OTHERS = f"{_TERMINATE} and pid <> all($2::int[])"
