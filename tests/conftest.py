"""Real parts for every test: an embedded PostgreSQL, a database of its own, a Gateway over real HTTP."""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from app.ledger.embedded import EmbeddedServer
from app.ledger.engine import create_engine
from app.ledger.schema import migrate
from app.sandbox.gateway import SandboxGateway
from tests import examples
from tests.examples import Running

TEMPLATE = "ledger_template"

settings.register_profile("untimed", deadline=None)  # nothing may depend on a machine's speed
settings.register_profile("thorough", deadline=None, max_examples=5000)
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def _own_surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test sees the developer's own configuration."""
    for name in [name for name in os.environ if name.startswith("EVENT_PROCESSOR_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    server = EmbeddedServer(tmp_path_factory.mktemp("data"))
    with server.shared():
        yield server
        server.stop("immediate")  # nobody will read it again


@pytest.fixture(scope="session")
async def template(postgres: EmbeddedServer) -> str:
    """A migrated database that each test's own is copied from."""
    await _administer(postgres, f"create database {TEMPLATE}")
    engine = examples.engine(_url(postgres, TEMPLATE))
    await migrate(engine)
    await engine.dispose()
    return TEMPLATE


@pytest.fixture(scope="session")
def database_names() -> Iterator[str]:
    return (f"ledger_{number}" for number in count())


@pytest.fixture
async def empty_database_url(postgres: EmbeddedServer, database_names: Iterator[str]) -> AsyncIterator[str]:
    """A database without a schema."""
    async with _database(postgres, next(database_names), like="template1") as url:
        yield url


@pytest.fixture
async def database_url(postgres: EmbeddedServer, template: str, database_names: Iterator[str]) -> AsyncIterator[str]:
    async with _database(postgres, next(database_names), like=template) as url:
        yield url


@pytest.fixture
async def engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = examples.engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def other_engine(database_url: str) -> AsyncIterator[AsyncEngine]:
    """A second pool on the same database, as another process has it."""
    engine = examples.engine(database_url)
    yield engine
    await engine.dispose()


@pytest.fixture
async def gateway() -> AsyncIterator[Running]:
    """The sandbox Gateway, over real HTTP."""
    simulator = SandboxGateway(username=examples.USERNAME, password=examples.PASSWORD, random=Random(1))
    async with simulator.serving() as url:
        yield Running(simulator=simulator, url=url)


@asynccontextmanager
async def _database(server: EmbeddedServer, name: str, *, like: str) -> AsyncIterator[str]:
    """A database for as long as its test: kept, those of the whole suite fill some gigabytes."""
    await _administer(server, f"create database {name} template {like}")
    yield _url(server, name)
    await _administer(server, f"drop database {name} with (force)")


def _url(server: EmbeddedServer, name: str) -> str:
    return server.url.replace("/postgres?", f"/{name}?")


async def _administer(server: EmbeddedServer, statement: str) -> None:
    engine = create_engine(server.url, pool_size=2, timeout=timedelta(seconds=60))
    async with engine.connect() as connection:
        await connection.execute(text(statement))
    await engine.dispose()
