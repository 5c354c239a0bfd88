"""Examples that tests share: events as they come over the wire, entries for the ledger, settings that work."""

import base64
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import anyio
import psutil
from sqlalchemy.ext.asyncio import AsyncEngine

from app.authentication.standard_webhooks import StandardWebhooks
from app.domain.contribution import contribution
from app.domain.document import read
from app.domain.event import Event, EventKey
from app.domain.feed import Decision
from app.domain.filtering import IgnoreReason
from app.ledger.engine import create_engine
from app.ledger.recording import Entry
from app.sandbox.gateway import SandboxGateway
from app.settings import Settings

USERNAME = "event-processor"
PASSWORD = "sandbox-password"
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()
DEADLINE = 60.0  # seconds; nothing here takes long, but machines may


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A sandbox Gateway and where it serves."""

    simulator: SandboxGateway
    url: str


def engine(url: str) -> AsyncEngine:
    return create_engine(url, pool_size=10, timeout=timedelta(seconds=30))


def bet(**changes: Any) -> dict[str, Any]:
    fields = {
        "event_id": "bet-1",
        "event_type": "BET",
        "brand_id": "brand1",
        "player_id": "player-1",
        "game_code": "book-of-examples",
        "round_id": "round-1",
        "amount": "2.50",
        "currency": "EUR",
        "occurred_at": "2026-11-22T12:00:00Z",
    }
    return fields | changes


def deposit(**changes: Any) -> dict[str, Any]:
    fields = {
        "event_id": "deposit-1",
        "event_type": "DEPOSIT_SUCCESS",
        "brand_id": "brand1",
        "player_id": "player-1",
        "amount": "100.00",
        "currency": "EUR",
        "occurred_at": "2026-11-22T12:00:00Z",
    }
    return fields | changes


def signed(body: bytes, *, key: bytes = KEY) -> dict[str, str]:
    """The headers of a request, signed now."""
    scheme = StandardWebhooks(keys=(key,), tolerance=timedelta(minutes=5))
    signature = scheme.credentials(body, message_id=f"msg_{uuid4().hex}", timestamp=int(time.time()))
    return {"content-type": "application/json"} | signature


def entry(
    event_id: str = "bet-1",
    *,
    sources: tuple[str, ...] = ("book-of-examples",),
    ignored: IgnoreReason = IgnoreReason.ROLLBACK,
    amount: str = "2.50",
    **changes: Any,
) -> Entry:
    """An event for the ledger, owing a contribution to each source, or ignored for the reason where there is none."""
    event = Event(
        key=EventKey(feed="bet", brand_id="brand1", event_id=event_id),
        event_type="BET",
        player_id="player-1",
        player_country=None,
        player_token=None,
        game_code="book-of-examples",
        provider_id=None,
        round_id="round-1",
        amount=Decimal(amount),
        currency="EUR",
        occurred_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
    )
    body = json.dumps(bet(event_id=event_id, amount=amount, **changes))
    owed = tuple(contribution(event, source, operator_id="casino") for source in sources)
    decision = Decision(contributions=owed) if owed else Decision(ignored=ignored)
    return Entry(key=event.key, fingerprint=read(body.encode()).fingerprint, payload=body, decision=decision)


def settings(*, database_url: str | None, gateway_url: str, **changes: Any) -> Settings:
    """Settings as quick as tests want them. `changes` replace whole sections."""
    sections: dict[str, Any] = {
        "operator_id": "casino",
        "brands": ["brand1", "brand2"],
        "database_url": database_url,
        "gateway": {"url": gateway_url, "username": USERNAME, "password": PASSWORD},
        "dispatcher": {"poll_interval": "50ms", "backoff_base": "10ms", "backoff_limit": "50ms", "hold": "50ms"},
        "feeds": {"bet": {"webhook_secrets": [SECRET]}, "deposit": {"webhook_secrets": [SECRET]}},
    }
    return Settings(**(sections | changes))


def environment(**changes: str) -> dict[str, str]:
    """Settings as variables, for a process; `changes` are by their names after EVENT_PROCESSOR_, feeds are off."""
    settings = {
        "OPERATOR_ID": "casino",
        "BRANDS": "brand1",
        "GATEWAY__URL": "http://127.0.0.1:9",
        "GATEWAY__USERNAME": USERNAME,
        "GATEWAY__PASSWORD": PASSWORD,
        "FEEDS__BET__ENABLED": "false",
        "FEEDS__DEPOSIT__ENABLED": "false",
    }
    return {f"EVENT_PROCESSOR_{name}": value for name, value in (settings | changes).items()}


def leading_to(port: int) -> list[Any]:
    """The sockets of this process that lead to a port."""
    sockets = psutil.Process().net_connections("inet")
    return [each for each in sockets if each.raddr and each.raddr.port == port and each.fd > 0]


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    """Return as soon as `look` gives True; fail when it does not within the deadline."""
    with anyio.fail_after(DEADLINE):
        while not await look():
            await anyio.sleep(0.01)  # between looks; the deadline above bounds them
