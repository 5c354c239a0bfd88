"""The sections of the configuration, each with its defaults and what makes it wrong."""

import re
import ssl
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)
from pydantic_settings import NoDecode

from app.domain import money
from app.settings.authentication import AuthenticationSettings
from app.settings.limits import LimitSettings
from app.settings.values import Duration, Networks, Text, Texts, UrlPath, entries, not_empty


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(_Section):
    """Where the service listens."""

    host: Text = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    body_limit: int = Field(64 * 1024, ge=1024, description="bytes")
    drain: Duration = timedelta(seconds=2)
    workers: int = Field(1, ge=1, description="processes")
    connections: int = Field(2000, ge=1, description="at once")
    read_timeout: Duration = timedelta(seconds=30)
    unwritten_limit: int = Field(1000, ge=1, description="events")
    trusted_proxies: Networks = []
    public_url: AnyHttpUrl | None = None

    @field_validator("public_url")
    @classmethod
    def _is_a_base(cls, value: AnyHttpUrl | None) -> AnyHttpUrl | None:
        if value and (value.username or value.password or value.query or value.fragment):
            raise ValueError("must be without user, query and fragment: they would be in answers")
        return value

    def home(self) -> str:
        """What paths of the service are appended to, in links: `public_url`, or nothing."""
        return str(self.public_url).rstrip("/") if self.public_url else ""


class Gateway(_Section):
    """The ThrillPots Gateway."""

    url: AnyHttpUrl
    username: Text
    password: SecretStr
    authenticate_path: UrlPath = "/authenticate/service"
    contribute_path: UrlPath = "/jackpots/contribute/source"
    deduplicates: bool = False
    timeout: Duration = timedelta(seconds=30)
    connect_timeout: Duration = timedelta(seconds=5)
    connections: int = Field(64, ge=1, description="calls at once")
    response_limit: int = Field(64 * 1024, ge=1024, description="bytes read of an answer")
    ca_file: Path | None = None

    @field_validator("url")
    @classmethod
    def _is_a_base(cls, value: AnyHttpUrl) -> AnyHttpUrl:
        if value.username or value.password or value.query or value.fragment:
            raise ValueError(
                "must be without user, query and fragment; username and password are settings of their own"
            )
        return value

    @field_validator("password")
    @classmethod
    def _is_there(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value():
            raise ValueError("must not be empty")
        return value

    @field_validator("ca_file")
    @classmethod
    def _holds_certificates(cls, value: Path | None) -> Path | None:
        if value is not None:
            try:
                ssl.create_default_context(cafile=value)
            except OSError:  # ssl.SSLError among them
                raise ValueError(f"there are no certificates in PEM form to be read in {value}") from None
        return value


class Dispatcher(_Section):
    """The background half."""

    poll_interval: Duration = timedelta(seconds=1)
    lease: Duration = timedelta(seconds=15)
    backoff_base: Duration = timedelta(seconds=1)
    backoff_limit: Duration = timedelta(minutes=5)
    retry_after_limit: Duration = timedelta(hours=1)
    hold: Duration = timedelta(seconds=10)
    give_up_after: Duration = timedelta(hours=24)
    stalled_after: Duration = timedelta(seconds=30)


class Retention(_Section):
    """How long the ledger keeps what is settled."""

    contributions: Duration = timedelta(days=30)
    events: Duration = timedelta(days=90)
    every: Duration = timedelta(minutes=10)


class Logging(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"
    refused_bodies: bool = False


class ContributionEvents(_Section):
    """What marks the wallet events that contributions cause themselves."""

    provider_ids: Texts = ["thrilltech"]
    game_codes: Texts = []
    event_types: Texts = []

    @model_validator(mode="after")
    def _catches_something(self) -> Self:
        if not (self.provider_ids or self.game_codes or self.event_types):
            raise ValueError("must not be empty: without it contributions would breed contributions")
        return self


def _currencies(value: list[str]) -> list[str]:
    if not all(re.fullmatch("[A-Z0-9]{3,10}", currency) for currency in value):
        raise ValueError("a currency is 3 to 10 capital letters or digits")
    return value


class RuleSettings(_Section):
    """A contribution rule."""

    source_id: Annotated[Text, Field(max_length=200)]
    game_codes: Texts = []
    provider_ids: Texts = []
    currencies: Annotated[Texts, AfterValidator(_currencies)] = []


Counted = Annotated[Texts, AfterValidator(not_empty)]
Rules = Annotated[list[RuleSettings], NoDecode, BeforeValidator(entries), AfterValidator(not_empty)]


class FeedSettings(AuthenticationSettings, LimitSettings, _Section):
    """What every feed has."""

    event_types: Counted
    rollback_event_types: Texts
    minimum_amount: Decimal = Decimal(0)
    rules: Rules

    @field_validator("minimum_amount", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Decimal:
        if isinstance(value, Decimal):  # the default
            return value
        if isinstance(value, (str, int)) and not isinstance(value, bool):
            return money.from_text(str(value))
        raise ValueError('write it as text, "0.50", since a float is not exact')


class BetFeed(FeedSettings):
    """The feed `bet`."""

    event_types: Counted = ["BET", "BET_PLACED"]
    rollback_event_types: Texts = ["ROLLBACK", "BET_ROLLBACK", "BET_CANCELLED"]
    rules: Rules = [RuleSettings(source_id="{game_code}")]


class DepositFeed(FeedSettings):
    """The feed `deposit`."""

    event_types: Counted = ["DEPOSIT_SUCCESS"]
    rollback_event_types: Texts = ["DEPOSIT_ROLLBACK", "DEPOSIT_CANCELLED"]
    rules: Rules = [RuleSettings(source_id="DEPOSIT")]


class Feeds(_Section):
    """The feeds."""

    bet: BetFeed
    deposit: DepositFeed

    @model_validator(mode="before")
    @classmethod
    def _exist_without_a_file(cls, value: Any) -> Any:
        return {"bet": {}, "deposit": {}} | value if isinstance(value, dict) else value
