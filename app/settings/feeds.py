"""The feeds: what each is given to count, to contribute to, and to find its events in an operator's payload."""

import re
from decimal import Decimal
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from app.domain import money
from app.domain.feed import Kind
from app.domain.mapping import Sign, TimeFormat
from app.settings.authentication import AuthenticationSettings
from app.settings.batch import BatchSettings
from app.settings.fields import FieldsSettings
from app.settings.limits import LimitSettings
from app.settings.profiles import PROFILES, profile
from app.settings.sections import SECTION
from app.settings.values import Text, Texts, entries, not_empty

BUILT_IN: dict[str, Kind] = {"bet": "bet", "deposit": "deposit"}


def _currencies(value: list[str]) -> list[str]:
    if not all(re.fullmatch("[A-Z0-9]{3,10}", currency) for currency in value):
        raise ValueError("a currency is 3 to 10 capital letters or digits")
    return value


class RuleSettings(BaseModel):
    """A contribution rule."""

    model_config = SECTION

    source_id: Annotated[Text, Field(max_length=200)]
    game_codes: Texts = []
    provider_ids: Texts = []
    currencies: Annotated[Texts, AfterValidator(_currencies)] = []


Counted = Annotated[Texts, AfterValidator(not_empty)]
Rules = Annotated[list[RuleSettings], NoDecode, BeforeValidator(entries), AfterValidator(not_empty)]


_BY_KIND: dict[Kind, dict[str, Any]] = {
    "bet": {
        "event_types": ["BET", "BET_PLACED"],
        "rollback_event_types": ["ROLLBACK", "BET_ROLLBACK", "BET_CANCELLED"],
        "rules": [{"source_id": "{game_code}"}],
    },
    "deposit": {
        "event_types": ["DEPOSIT_SUCCESS"],
        "rollback_event_types": ["DEPOSIT_ROLLBACK", "DEPOSIT_CANCELLED"],
        "rules": [{"source_id": "DEPOSIT"}],
    },
}


class FeedSettings(AuthenticationSettings, LimitSettings, BaseModel):
    """What every feed has. Event types and rules without a value get that of the feed's kind."""

    model_config = SECTION

    kind: Kind
    event_types: Counted = []
    rollback_event_types: Texts = []
    minimum_amount: Decimal = Decimal(0)
    rules: Rules = []

    profile: Literal[PROFILES] | None = None  # type: ignore[valid-type]
    fields: FieldsSettings = FieldsSettings()
    amount_scale: int = Field(0, ge=0, le=money.MAX_DECIMAL_PLACES, description="decimal places")
    amount_places: int | None = Field(None, ge=0, le=money.MAX_DECIMAL_PLACES, description="decimal places")
    amount_sign: Sign = "positive"
    bonus: Literal["counted", "subtracted"] = "counted"
    free_stakes: Texts = []
    statuses: Texts = []
    time_format: TimeFormat = "rfc3339"
    time_zone: Text | None = None

    batch: BatchSettings = BatchSettings()
    cloud_events: bool = False

    @model_validator(mode="before")
    @classmethod
    def _completed(cls, value: Any) -> Any:
        """With what the kind and the profile give; the configuration wins, field by field."""
        if not isinstance(value, dict):
            return value
        shape = profile(value["profile"]) if value.get("profile") in PROFILES else {}
        by_kind = next((given for kind, given in _BY_KIND.items() if kind == value.get("kind", shape.get("kind"))), {})
        found = by_kind | shape | value
        if shape and isinstance(fields := value.get("fields", {}), dict):
            found["fields"] = shape["fields"] | fields
        if value.get("profile") and not shape:
            found.setdefault("kind", "bet")  # what is wrong is the profile
        return found

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                raise ValueError(f"there is no time zone {value}: one is named Europe/Malta, UTC, …") from None
        return value

    @field_validator("minimum_amount", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Decimal:
        if isinstance(value, Decimal):  # the default
            return value
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return money.from_text(str(value))
        raise ValueError('write it as text, "0.50", since a float is not exact')


class Feeds(BaseModel):
    """The feeds: two by our own names, and any others."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, FeedSettings]

    bet: FeedSettings
    deposit: FeedSettings

    @model_validator(mode="before")
    @classmethod
    def _exist_without_a_file(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return value | {name: _of_kind(kind, value.get(name, {})) for name, kind in BUILT_IN.items()}

    def named(self) -> dict[str, FeedSettings]:
        """Every feed by its name."""
        return {"bet": self.bet, "deposit": self.deposit} | self.__pydantic_extra__


def _of_kind(kind: Kind, feed: Any) -> Any:
    return {"kind": kind} | feed if isinstance(feed, dict) else feed
