"""Secrets rotated while a sender sends: old, both, new, each with a restart, and not one request is refused."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.authentication.content import content
from app.authentication.shared_secret import Hmac
from app.authentication.signature import Signature
from app.authentication.standard_webhooks import StandardWebhooks, secret_bytes
from app.cli.service_process import free_port, service_process
from app.domain.authentication import Scheme
from app.ledger.tables import events
from app.sandbox.operator import label
from tests import examples
from tests.acceptance.wire import Address
from tests.examples import Running

OLD, NEW = examples.SECRET, "whsec_" + "QUJD" * 8
SENDERS = 8
MANY = 100  # requests that are answered by each configuration


def _webhooks(secret: str) -> Scheme:
    return StandardWebhooks(keys=(secret_bytes(secret),), tolerance=timedelta(minutes=5))


def _signature(secret: str) -> Scheme:
    algorithm = Hmac(keys=(secret.encode(),), digest="sha256")
    return Signature(algorithm=algorithm, content=content("{body}"), header="X-Signature")


SCHEMES = {"webhook_secrets": _webhooks, "signature.secrets": _signature}


@dataclass(slots=True)
class Sender:
    """Sends with one secret until it is told another; what was not answered or put off is sent again."""

    address: Address
    scheme: Scheme
    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: set[str] = field(default_factory=set)

    async def send(self) -> None:
        """Until cancelled."""
        async with httpx.AsyncClient(base_url=self.address.url, timeout=examples.DEADLINE) as client:
            while True:
                event_id = str(uuid4())
                await examples.eventually(partial(self._sent, client, event_id))

    async def _sent(self, client: httpx.AsyncClient, event_id: str) -> bool:
        body = json.dumps(examples.bet(event_id=event_id)).encode()
        headers = self.scheme.credentials(body, message_id=event_id, timestamp=int(time.time()))
        try:
            response = await client.post(
                "/events/bet", content=body, headers=headers | {"content-type": "application/json"}
            )
        except httpx.TransportError:
            return False
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            return False
        self.answers[label(response)] += 1
        if response.status_code == httpx.codes.ACCEPTED:
            self.acknowledged.add(event_id)
        return True

    async def many(self) -> None:
        """Wait until many more are answered."""
        wanted = self.answers.total() + MANY

        async def enough() -> bool:
            return self.answers.total() >= wanted

        await examples.eventually(enough)


@asynccontextmanager
async def _sending(sender: Sender) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(sender.send()) for _ in range(SENDERS)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("setting", SCHEMES)
async def test_a_rotation_of_secrets_under_load_refuses_nothing(
    setting: str, database_url: str, gateway: Running, engine: AsyncEngine, tmp_path: Path
) -> None:
    scheme_of = SCHEMES[setting]
    address = Address(port=free_port())
    sender = Sender(address=address, scheme=scheme_of(OLD))
    configuration = tmp_path / "event-processor.toml"
    secrets = tmp_path / f"feeds__bet__{setting.replace('.', '__')}"
    configuration.write_text(
        f'operator_id = "casino"\nbrands = ["brand1"]\ndatabase_url = "{database_url}"\n'
        f'[server]\nport = {address.port}\ndrain = "50ms"\n'
        f'[gateway]\nurl = "{gateway.url}"\nusername = "{examples.USERNAME}"\npassword = "{examples.PASSWORD}"\n'
        "[feeds.deposit]\nenabled = false\n"
    )
    async with _sending(sender):
        for live, signed_with in (([OLD], [OLD]), ([OLD, NEW], [OLD, NEW]), ([NEW], [NEW])):
            secrets.write_text("\n".join(live))
            async with service_process(configuration, address.url, log=tmp_path / "log"):
                for secret in signed_with:
                    sender.scheme = scheme_of(secret)
                    await sender.many()

    async with engine.connect() as connection:
        recorded = set(await connection.scalars(select(events.c.event_id)))
    assert {"accepted", "duplicate"} >= set(sender.answers)
    assert sender.acknowledged <= recorded
    assert len(sender.acknowledged) >= 4 * MANY
