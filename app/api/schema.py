"""The events' schema on the wire: one source for validation and for OpenAPI."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    WithJsonSchema,
)

from app.domain import money
from app.domain.event import Event, EventKey
from app.domain.feed import Feed, Kind
from app.domain.filtering import IgnoreReason

# No control characters: they mean nothing in an id, and PostgreSQL stores no NUL.
PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
COUNTRY = "^[A-Z]{2}$"
CURRENCY = "^[A-Z0-9]{3,10}$"
LONGEST = 200
LONGEST_TOKEN = 4096
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=LONGEST, pattern=PRINTABLE)]


def _exact(value: Any) -> Decimal:
    match value:
        case str():
            return money.from_text(value)
        case Decimal():
            return money.amount(value)
        case _:
            raise ValueError("must be a number, or a decimal number as text")


def _rfc_3339(value: Any) -> Any:
    if not isinstance(value, (str, datetime)) or (isinstance(value, str) and "T" not in value.upper()):
        raise ValueError("must be an RFC 3339 date and time with its zone: 2026-11-22T12:00:00Z")
    return value


Amount = Annotated[
    Decimal,
    BeforeValidator(_exact),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "number",
                    "minimum": 0,
                    "exclusiveMaximum": 10**money.MAX_INTEGER_DIGITS,
                    "multipleOf": 10**-money.MAX_DECIMAL_PLACES,
                },
                {
                    "type": "string",
                    "pattern": rf"^0*[0-9]{{1,{money.MAX_INTEGER_DIGITS}}}(\.[0-9]{{1,{money.MAX_DECIMAL_PLACES}}})?$",
                },
            ],
            "description": "In major units, exact: a number, or a decimal number as text. "
            f"At most {money.MAX_INTEGER_DIGITS} digits before the point and {money.MAX_DECIMAL_PLACES} after it.",
        }
    ),
]
Timestamp = Annotated[AwareDatetime, BeforeValidator(_rfc_3339)]


CONFIG = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _EventBody(BaseModel):
    """What every event has. Fields that are not listed are kept with the event and otherwise ignored."""

    model_config = CONFIG

    event_id: Identifier = Field(description="Unique for the feed and brand; the same on every retry.")
    event_type: Identifier = Field(description="What happened: which types count is configured here.")
    brand_id: Identifier = Field(description="One of the operator's brands, as configured here.")
    player_id: Identifier
    player_country: str | None = Field(None, pattern=COUNTRY, description="Two capital letters.")
    player_token: (
        Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TOKEN, pattern=PRINTABLE)] | None
    ) = Field(None, description="The player's session token, passed on to the Gateway.")
    amount: Amount
    currency: str = Field(pattern=CURRENCY, description="A currency code in capitals: EUR, USDT.")
    occurred_at: Timestamp = Field(description="RFC 3339, with its zone. The same on every retry.")
    metadata: dict[str, Any] | None = Field(None, description="Kept with the event; not sent to the Gateway.")


class BetEvent(_EventBody):
    """A bet."""

    game_code: Identifier
    provider_id: Identifier | None = None
    round_id: Identifier = Field(description="The game round, which a bet may share with others.")


class DepositEvent(_EventBody):
    """A deposit. It contributes only where its type says that it succeeded."""


SCHEMAS: dict[Kind, type[BetEvent | DepositEvent]] = {"bet": BetEvent, "deposit": DepositEvent}


def event_of(feed: Feed, body: BetEvent | DepositEvent) -> Event:
    """The event in a body of our own schema, as the domain sees it."""
    bet = body if isinstance(body, BetEvent) else None
    return Event(
        key=EventKey(feed=feed.name, brand_id=body.brand_id, event_id=body.event_id),
        event_type=body.event_type,
        player_id=body.player_id,
        player_country=body.player_country,
        player_token=body.player_token,
        game_code=bet.game_code if bet else None,
        provider_id=bet.provider_id if bet else None,
        round_id=bet.round_id if bet else body.event_id,  # a deposit's round is its transaction
        amount=body.amount,
        currency=body.currency,
        occurred_at=body.occurred_at,
    )


class Accepted(BaseModel):
    """Recorded, and owed to the Gateway."""

    event_id: str
    status: str = Field("accepted", json_schema_extra={"const": "accepted"})
    contributions: int = Field(ge=1, description="How many contributions the event yields, one per matching rule.")


class Ignored(BaseModel):
    """Recorded, and yielding no contribution."""

    event_id: str
    status: str = Field("ignored", json_schema_extra={"const": "ignored"})
    reason: IgnoreReason
