"""The schema's revisions."""

import os
import sys
from asyncio import create_subprocess_exec

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from app.domain.filtering import IgnoreReason
from app.ledger.census import take_census
from app.ledger.health import LedgerState, ledger_state
from app.ledger.inbox import Inbox
from app.ledger.schema import UnknownSchemaError, configuration, head, migrate
from app.ledger.tables import metadata
from tests import examples


async def _tables(engine: AsyncEngine) -> set[str]:
    async with engine.connect() as connection:
        return set(await connection.run_sync(lambda sync: inspect(sync).get_table_names()))


def _downgrade(connection: Connection, revision: str = "base") -> None:
    config = configuration()
    config.attributes["connection"] = connection
    command.downgrade(config, revision)


async def test_head_is_what_the_tables_say(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(
                MigrationContext.configure(sync, opts={"compare_server_default": True}), metadata
            )
        )

    assert differences == []


async def test_checks_and_comments_are_what_the_tables_say(engine: AsyncEngine, empty_database_url: str) -> None:
    """Alembic compares neither, so a database made from the tables is compared with a migrated one."""
    made = examples.engine(empty_database_url)
    async with made.begin() as connection:
        await connection.run_sync(metadata.create_all)

    assert await _definitions(made) == await _definitions(engine)

    await made.dispose()


async def _definitions(engine: AsyncEngine) -> list[tuple[str, ...]]:
    query = text(
        "select conname, pg_get_constraintdef(oid) from pg_constraint"
        " where conrelid = any (cast(cast(:tables as text[]) as regclass[]))"
        " union all select attrelid::regclass || '.' || attname, coalesce(col_description(attrelid, attnum), '')"
        " from pg_attribute where attrelid = any (cast(cast(:tables as text[]) as regclass[])) and attnum > 0"
        " union all select indexname, indexdef from pg_indexes where tablename = any (cast(:tables as text[]))"
        " order by 1, 2"
    )
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query, {"tables": list(metadata.tables)})]


async def test_down_removes_everything_and_up_brings_it_back(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        await connection.run_sync(_downgrade)

    assert await _tables(engine) == {"alembic_version"}

    await migrate(engine)

    assert await _tables(engine) == {"alembic_version", *metadata.tables}


async def test_releases_stay_when_the_schema_goes_back_to_before_them(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(
            text(
                "insert into interventions (action, actor, reason, contribution_id, ignored)"
                " values ('release', 'ada', 'ticket 4711', gen_random_uuid(), 'rollback')"
            )
        )
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        await connection.run_sync(_downgrade, "0002")

    await migrate(engine)

    async with engine.connect() as connection:
        kept = (await connection.execute(text("select action, actor from interventions"))).all()
    assert [("release", "ada")] == [tuple(row) for row in kept]


async def test_events_stay_when_the_schema_goes_back_to_before_other_states_were_kept(engine: AsyncEngine) -> None:
    pending = examples.entry(sources=(), ignored=IgnoreReason.STATUS_NOT_COUNTED, event_type="PENDING")
    for entry in (pending, examples.entry(event_type="ACCEPTED")):
        await Inbox(engine).record(entry)
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="READ COMMITTED")
        await connection.run_sync(_downgrade, "0003")

    await migrate(engine)

    async with engine.connect() as connection:
        rows = (await connection.execute(text("select payload, other_states from events"))).all()
    assert [(examples.entry(event_type="ACCEPTED").payload, [])] == [tuple(row) for row in rows]
    assert (await take_census(engine)).balances


async def test_an_unmigrated_database_says_so(empty_database_url: str) -> None:
    engine = examples.engine(empty_database_url)

    assert await ledger_state(engine, head=head()) == LedgerState(database="ok", schema="missing", forwarding="unknown")

    await engine.dispose()


async def test_a_schema_of_a_later_version_is_said_to_be_so(engine: AsyncEngine) -> None:
    async with engine.connect() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999'"))

    with pytest.raises(UnknownSchemaError, match="9999"):
        await migrate(engine)


async def test_two_processes_may_migrate_at_once(empty_database_url: str) -> None:
    settings = examples.environment(DATABASE_URL=empty_database_url)
    command_line = (sys.executable, "-m", "app", "migrate")
    processes = [await create_subprocess_exec(*command_line, env=os.environ | settings) for _ in range(3)]

    assert [await process.wait() for process in processes] == [0, 0, 0]

    engine = examples.engine(empty_database_url)
    assert await ledger_state(engine, head=head()) == LedgerState(database="ok", schema="ok")
    await engine.dispose()


async def test_a_migration_gives_up_on_a_lock_that_traffic_holds(
    engine: AsyncEngine, other_engine: AsyncEngine
) -> None:
    """It would otherwise queue every insert behind itself for as long as the lock is held."""
    async with other_engine.connect() as traffic:
        await traffic.execution_options(isolation_level="READ COMMITTED")
        async with traffic.begin():
            await traffic.execute(text("lock table events in row exclusive mode"))
            async with engine.connect() as connection:
                await connection.execution_options(isolation_level="READ COMMITTED")
                with pytest.raises(DBAPIError, match="lock timeout"):
                    await connection.run_sync(_downgrade)

    assert await _tables(engine) == {"alembic_version", *metadata.tables}
