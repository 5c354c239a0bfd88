"""A service on a database of its own, with a Gateway over real HTTP."""

from collections.abc import AsyncIterator

import pytest

from tests import examples
from tests.acceptance.service import Service, running
from tests.examples import Running


@pytest.fixture
async def service(database_url: str, gateway: Running) -> AsyncIterator[Service]:
    async with running(examples.settings(database_url=database_url, gateway_url=gateway.url)) as service:
        yield service
