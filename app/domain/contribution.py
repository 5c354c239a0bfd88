"""A contribution: one call owed to the Gateway, its identity and its exact body, fixed when the event is recorded."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json.encoder import encode_basestring_ascii as text
from uuid import UUID

from app.domain.event import Event
from app.domain.money import json_number

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """`id` is the call's Idempotency-Key; `body` is sent as it stands, the same bytes on every try."""

    id: UUID
    source_id: str
    body: str


def contribution(event: Event, source_id: str, *, operator_id: str) -> Contribution:
    """What the event owes to a source. The same event and source give the same id and body for ever, in any ledger."""
    return Contribution(
        id=_identity(event, source_id, operator_id),
        source_id=source_id,
        body=_body(event, source_id, operator_id),
    )


def _identity(event: Event, source_id: str, operator_id: str) -> UUID:
    """A version 8 UUID (RFC 9562): the event's time in milliseconds, which keeps neighbours together in the
    primary key's index, then 74 bits of a hash over everything that makes the contribution this one.
    """
    parts = (operator_id, event.key.feed, event.key.brand_id, event.key.event_id, source_id)
    digest = hashlib.sha256(f"[{', '.join(map(text, parts))}]".encode("ascii")).digest()
    milliseconds = max(0, (event.occurred_at - _EPOCH) // timedelta(milliseconds=1)) & (1 << 48) - 1
    high = milliseconds << 16 | 0x8000 | int.from_bytes(digest[:2]) & 0x0FFF
    low = 0b10 << 62 | int.from_bytes(digest[2:10]) & (1 << 62) - 1
    return UUID(int=high << 64 | low)


def _body(event: Event, source_id: str, operator_id: str) -> str:
    """Written by hand: the json module writes no Decimal without a detour through a float."""
    key = event.key
    return (
        f'{{"token": {_optional(event.player_token)}, "brand_id": {text(f"{operator_id}:{key.brand_id}")}, '
        f'"player_id": {text(event.player_id)}, "player_country": {_optional(event.player_country)}, '
        f'"source_id": {text(source_id)}, "gameround_id": {text(event.round_id)}, '
        f'"currency": {text(event.currency)}, "metadata": {{"feed": {text(key.feed)}, '
        f'"brand_id": {text(key.brand_id)}, "event_id": {text(key.event_id)}}}, '
        f'"base_wager": {json_number(event.amount)}}}'
    )


def _optional(value: str | None) -> str:
    return "null" if value is None else text(value)
