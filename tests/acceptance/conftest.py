"""A service on a database of its own, with a Gateway over real HTTP: in this process, or in another."""

from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from app.cli.service_process import free_port, service_process
from tests import examples
from tests.acceptance.service import Service, running
from tests.acceptance.wire import Address
from tests.examples import Running

Serve = Callable[..., AbstractAsyncContextManager[tuple[Process, Address]]]


@pytest.fixture
async def service(database_url: str, gateway: Running) -> AsyncIterator[Service]:
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        yield service


@pytest.fixture
def serve(database_url: str, gateway: Running, tmp_path: Path) -> Serve:
    """Starts a service in a process of its own, with lines for the section [server], or `before` all sections."""

    @asynccontextmanager
    async def run(*server: str, before: str = "") -> AsyncIterator[tuple[Process, Address]]:
        address = Address(port=free_port())
        configuration = tmp_path / f"{address.port}.toml"
        lines = "\n".join((f"port = {address.port}", *server))
        configuration.write_text(
            f'operator_id = "casino"\nbrands = ["brand1"]\ndatabase_url = "{database_url}"\n{before}\n'
            f"[server]\n{lines}\n"
            f'[gateway]\nurl = "{gateway.url}"\nusername = "{examples.USERNAME}"\npassword = "{examples.PASSWORD}"\n'
            f'[feeds.bet]\nwebhook_secrets = ["{examples.SECRET}"]\n[feeds.deposit]\nenabled = false\n'
        )
        log = tmp_path / f"{address.port}.log"
        async with service_process(configuration, address.url, log=log) as process:
            yield process, address

    return run
