"""Never lost, never twice: the ledger keeps its promises through any order of steps and faults."""

import asyncio
from functools import partial
from typing import cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests import examples
from tests.model.ledger import Ledger
from tests.model.machine import Machine

pytestmark = pytest.mark.usefixtures("anyio_backend")


@pytest.mark.parametrize("deduplicates", [False, True])
def test_the_promises_hold_through_any_order_of_steps(database_url: str, *, deduplicates: bool) -> None:
    engine = examples.engine(database_url)
    bounds = settings(stateful_step_count=30, suppress_health_check=list(HealthCheck))
    with asyncio.Runner() as runner:
        try:
            machine = partial(Machine, Ledger(engine, runner.run), deduplicates=deduplicates)
            run_state_machine_as_test(cast("type[Machine]", machine), settings=bounds)
        finally:
            runner.run(engine.dispose())
