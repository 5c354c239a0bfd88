"""An event: one thing that happened at the operator, as every room after the HTTP edge sees it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class EventKey:
    """What makes an event the same event: at most one is ever recorded for a key."""

    feed: str
    brand_id: str
    event_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """What only some platforms say of an event. `bonus` is the part of the stake that does not count, and is not in
    the event's amount; `credit` says that money came to the player.
    """

    status: str | None = None
    stake_type: str | None = None
    bonus: Decimal = Decimal(0)
    credit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event that passed its schema. `amount` is in major units of `currency`, exact and not negative;
    `round_id` is the round of a bet, the transaction of a deposit; `occurred_at` has a time zone. `particulars` is
    None where the platform has none of them.
    """

    key: EventKey
    event_type: str
    player_id: str
    player_country: str | None
    player_token: str | None
    game_code: str | None
    provider_id: str | None
    round_id: str
    amount: Decimal
    currency: str
    occurred_at: datetime
    particulars: Particulars | None = None
