"""The bet as a plain pydantic model, with no more than a team would write: the floor's only work."""

from decimal import Decimal
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, StringConstraints

Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Bet(BaseModel):
    """The fields that the service knows."""

    event_id: Identifier
    event_type: Identifier
    brand_id: Identifier
    player_id: Identifier
    player_country: str | None = None
    player_token: str | None = None
    game_code: Identifier
    provider_id: Identifier | None = None
    round_id: Identifier
    amount: Decimal
    currency: str
    occurred_at: AwareDatetime
    metadata: dict[str, Any] | None = None
