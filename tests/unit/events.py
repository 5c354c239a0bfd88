"""An event as the schema lets it through, for tests to change."""

from dataclasses import fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from app.domain.event import Event, EventKey

BET = Event(
    key=EventKey(feed="bet", brand_id="brand1", event_id="bet-1"),
    event_type="BET",
    player_id="player-1",
    player_country="MT",
    player_token="token-1",
    game_code="book-of-examples",
    provider_id="studio",
    round_id="round-1",
    amount=Decimal("2.50"),
    currency="EUR",
    occurred_at=datetime(2026, 11, 22, 12, tzinfo=UTC),
)
_KEY_FIELDS = frozenset(field.name for field in fields(EventKey))


def event(**changes: Any) -> Event:
    """A bet. `changes` name fields of the event or of its key."""
    key = {name: changes.pop(name) for name in _KEY_FIELDS & changes.keys()}
    return replace(BET, key=replace(BET.key, **key), **changes)
