"""A dispatcher that runs for as long as a test needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.dispatcher.delivery import Delivery
from app.dispatcher.dispatcher import Dispatcher, Pace
from app.domain.circuit import CircuitPolicy
from app.domain.settlement import RetryPolicy
from app.gateway.call import Limits
from app.gateway.client import Gateway
from app.gateway.direct import DirectCaller
from app.gateway.service_token import Credentials, ServiceToken
from app.ledger.outbox import Outbox
from app.observability.metrics import Metrics
from tests import examples
from tests.examples import Running
from tests.integration.dispatching import CIRCUIT, LIMITS, PACE, POLICY, Dispatching


@pytest.fixture
def dispatching(engine: AsyncEngine, gateway: Running) -> Dispatching:
    """Runs a dispatcher until its context ends, then stops it as the service does."""

    @asynccontextmanager
    async def run(
        policy: RetryPolicy = POLICY,
        pace: Pace = PACE,
        circuit: CircuitPolicy = CIRCUIT,
        limits: Limits = LIMITS,
        outbox: Outbox | None = None,
    ) -> AsyncIterator[Dispatcher]:
        async with DirectCaller(gateway.url, limits) as caller:
            credentials = Credentials(
                username=examples.USERNAME, password=examples.PASSWORD, path="/authenticate/service"
            )
            token = ServiceToken(caller, credentials, jitter=lambda: 0.0)
            delivery = Delivery(
                gateway=Gateway(caller, token, contribute_path="/jackpots/contribute/source"),
                outbox=outbox or Outbox(engine),
                metrics=Metrics(),
                policy=policy,
                jitter=lambda: 0.5,
            )
            dispatcher = Dispatcher(delivery, pace, circuit, jitter=lambda: 0.0)
            tasks = [asyncio.create_task(token.keep()), asyncio.create_task(dispatcher.run())]
            try:
                yield dispatcher
                dispatcher.stop()
                await tasks[1]
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    return run
