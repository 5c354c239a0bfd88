"""The embedded PostgreSQL: shared by processes, stopped by the last, durable through a crash."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.ledger import embedded
from app.ledger.database import Database, open_database
from app.ledger.embedded import EmbeddedServer, EmbeddedUnavailableError
from app.ledger.health import LedgerState, ledger_state
from app.ledger.inbox import Duplicate, Inbox
from app.ledger.schema import head
from tests import examples


def _running(folder: Path) -> bool:
    return (folder / "postgres" / "postmaster.pid").exists()


def _database(folder: Path) -> Database:
    return Database(url=None, data_folder=folder, pool_size=2, timeout=timedelta(seconds=60), prepared_statements=True)


async def test_without_a_url_a_database_is_made_and_migrated_and_stopped_again(tmp_path: Path) -> None:
    async with open_database(_database(tmp_path)) as engine:
        assert LedgerState(database="ok", schema="ok") == await ledger_state(engine, head=head())

    assert not _running(tmp_path)


def test_the_last_to_leave_stops_the_server(tmp_path: Path) -> None:
    first, second = EmbeddedServer(tmp_path), EmbeddedServer(tmp_path)
    with first.shared():
        with second.shared():
            pass

        assert _running(tmp_path)

    assert not _running(tmp_path)


async def test_what_was_recorded_outlives_a_crash_of_the_server(tmp_path: Path) -> None:
    async with open_database(_database(tmp_path)) as engine:
        await Inbox(engine).record(examples.entry())
        server = EmbeddedServer(tmp_path)
        server.stop("immediate")
        server.start()
        await engine.dispose()

        assert isinstance(await Inbox(engine).record(examples.entry()), Duplicate)


async def test_a_folder_too_long_for_a_socket_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30)
    async with open_database(_database(folder)) as engine, engine.connect() as connection:
        assert await connection.scalar(text("select 1")) == 1


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    cluster = tmp_path / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("18")

    with pytest.raises(EmbeddedUnavailableError, match="pg_ctl"), EmbeddedServer(tmp_path).shared():
        pass


def test_without_the_extra_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PACKAGE", "not_installed_here")

    with pytest.raises(EmbeddedUnavailableError, match="database_url is not set"):
        EmbeddedServer(tmp_path)


@pytest.mark.parametrize("name", ["it's, here", "\N{SNOWMAN}", "with space"])
async def test_a_folder_with_any_name_will_do(tmp_path: Path, name: str) -> None:
    async with open_database(_database(tmp_path / name)) as engine, engine.connect() as connection:
        assert await connection.scalar(text("select 1")) == 1


async def test_a_start_that_was_cut_off_is_made_up_for(tmp_path: Path) -> None:
    """What `initdb` had made by then lies aside, and is not taken for a cluster."""
    half = tmp_path / "postgres.new-cut-off" / "postgres"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18")

    async with open_database(_database(tmp_path)) as engine, engine.connect() as connection:
        assert await connection.scalar(text("select 1")) == 1
