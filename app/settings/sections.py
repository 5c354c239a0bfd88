"""The sections of the configuration, each with its defaults and what makes it wrong."""

import ssl
from datetime import timedelta
from pathlib import Path
from typing import Literal, Self

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from app.settings.values import Duration, Networks, Text, Texts, UrlPath

SECTION = ConfigDict(extra="forbid", frozen=True)


class _Section(BaseModel):
    model_config = SECTION


class Server(_Section):
    """Where the service listens."""

    host: Text = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    body_limit: int = Field(64 * 1024, ge=1024, description="bytes")
    large_bodies: int = Field(128 * 1024 * 1024, ge=0, description="bytes, of all bodies at once")
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

    def looked_at(self) -> frozenset[str]:
        """The fields of an event that tell it."""
        lists = {"provider_id": self.provider_ids, "game_code": self.game_codes, "event_type": self.event_types}
        return frozenset(name for name, values in lists.items() if values)
