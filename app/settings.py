"""The settings: a TOML file, overridden by files in a secrets folder and by environment variables; checked at start."""

import json
import os
import re
import tomllib
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AnyHttpUrl,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from app.domain import money
from app.domain.authentication import ApiKeys, Insecure, Scheme, StandardWebhooks
from app.domain.feed import Feed, Kind
from app.domain.filtering import Filter, LoopFilter, folded
from app.domain.rules import Rule, template_fields
from app.domain.settlement import RetryPolicy
from app.domain.signature import secret_bytes
from app.gateway.client import PATIENCE
from app.ledger.database import Database
from app.ledger.engine import async_url

PREFIX = "EVENT_PROCESSOR_"
CONFIG = PREFIX + "CONFIG"
SECRETS_FOLDER = PREFIX + "SECRETS_FOLDER"
_UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


class ConfigurationError(Exception):
    """The configuration is wrong: one line per mistake, each naming its key."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError("a duration has a unit: 500ms, 30s, 5m, 24h, 90d")  # noqa: TRY004 - pydantic reports ValueErrors
    if not (match := re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)", value.strip())):
        raise ValueError("a duration is a number and a unit: 500ms, 30s, 5m, 24h, 90d")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def _duration_text(value: timedelta) -> str:
    return f"{value.total_seconds():g}s"


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta():
        raise ValueError("must be more than zero")
    return value


def _list(value: Any) -> Any:
    """From a variable or a secrets file: a JSON array, or items separated by white space."""
    if not isinstance(value, str):
        return value
    return json.loads(value) if value.lstrip().startswith("[") else value.split()


Duration = Annotated[
    timedelta, BeforeValidator(_duration), PlainSerializer(_duration_text), Field(validate_default=False)
]
Identifier = Annotated[str, StringConstraints(pattern=r"^[^\x00-\x20\x7f:]{1,100}$")]
Texts = Annotated[list[str], NoDecode, BeforeValidator(_list)]
Secrets = Annotated[list[SecretStr], NoDecode, BeforeValidator(_list)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Server(_Section):
    """Where the service listens."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    body_limit: int = Field(64 * 1024, ge=1024, description="bytes")
    drain: Duration = timedelta(seconds=2)


class Gateway(_Section):
    """The ThrillPots Gateway."""

    url: AnyHttpUrl
    username: str = Field(min_length=1)
    password: SecretStr = Field(min_length=1)
    authenticate_path: str = Field("/authenticate/service", pattern="^/")
    contribute_path: str = Field("/jackpots/contribute/source", pattern="^/")
    deduplicates: bool = False
    timeout: Duration = timedelta(seconds=30)
    connect_timeout: Duration = timedelta(seconds=5)
    connections: int = Field(64, ge=1, description="calls at once")
    response_limit: int = Field(64 * 1024, ge=1024, description="bytes read of an answer")
    ca_file: Path | None = None


class Dispatcher(_Section):
    """The background half."""

    poll_interval: Duration = timedelta(seconds=1)
    lease: Duration = timedelta(seconds=90)
    backoff_base: Duration = timedelta(seconds=1)
    backoff_limit: Duration = timedelta(minutes=5)
    retry_after_limit: Duration = timedelta(hours=1)
    hold: Duration = timedelta(seconds=10)
    give_up_after: Duration = timedelta(hours=24)
    stalled_after: Duration = timedelta(seconds=30)


class Logging(_Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "json", "console"] = "auto"


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


class RuleSettings(_Section):
    """A contribution rule."""

    source_id: str = Field(min_length=1, max_length=200)
    game_codes: Texts = []
    provider_ids: Texts = []
    currencies: Texts = []


class FeedSettings(_Section):
    """What every feed has."""

    enabled: bool = True
    webhook_secrets: Secrets = []
    api_keys: Secrets = []
    insecure: bool = False
    timestamp_tolerance: Duration = timedelta(minutes=5)
    event_types: Texts
    rollback_event_types: Texts
    minimum_amount: Decimal = Decimal(0)
    rules: list[RuleSettings]

    @field_validator("minimum_amount", mode="before")
    @classmethod
    def _exact(cls, value: Any) -> Decimal:
        if not isinstance(value, (str, int, Decimal)) or isinstance(value, bool):
            raise ValueError('write it as text, "0.50", since a float is not exact')  # noqa: TRY004 - as above
        try:
            return money.amount(Decimal(value))
        except ArithmeticError:
            raise ValueError("not an amount") from None

    @field_validator("webhook_secrets")
    @classmethod
    def _are_keys(cls, value: list[SecretStr]) -> list[SecretStr]:
        for secret in value:
            secret_bytes(secret.get_secret_value())
        return value

    @field_validator("api_keys")
    @classmethod
    def _are_long(cls, value: list[SecretStr]) -> list[SecretStr]:
        if any(len(key.get_secret_value()) < 16 for key in value):  # noqa: PLR2004 - named in the message
            raise ValueError("an API key has at least 16 characters")
        return value

    @model_validator(mode="after")
    def _has_one_authentication(self) -> Self:
        given = sum(map(bool, (self.webhook_secrets, self.api_keys, self.insecure)))
        if self.enabled and given == 0:
            raise ValueError("set webhook_secrets or api_keys (or enabled = false; insecure = true lets anybody post)")
        if given > 1:
            raise ValueError("webhook_secrets, api_keys and insecure exclude each other: set one")
        return self

    def scheme(self) -> Scheme:
        """How the feed authenticates its sender."""
        if self.insecure:
            return Insecure()
        if self.api_keys:
            return ApiKeys(keys=tuple(key.get_secret_value().encode() for key in self.api_keys))
        keys = tuple(secret_bytes(secret.get_secret_value()) for secret in self.webhook_secrets)
        return StandardWebhooks(keys=keys, tolerance=self.timestamp_tolerance)


class BetFeed(FeedSettings):
    """The feed `bet`."""

    event_types: Texts = ["BET", "BET_PLACED"]
    rollback_event_types: Texts = ["ROLLBACK", "BET_ROLLBACK", "BET_CANCELLED"]
    rules: list[RuleSettings] = [RuleSettings(source_id="{game_code}")]


class DepositFeed(FeedSettings):
    """The feed `deposit`."""

    event_types: Texts = ["DEPOSIT_SUCCESS"]
    rollback_event_types: Texts = ["DEPOSIT_ROLLBACK", "DEPOSIT_CANCELLED"]
    rules: list[RuleSettings] = [RuleSettings(source_id="DEPOSIT")]


class Feeds(_Section):
    """The feeds."""

    bet: BetFeed
    deposit: DepositFeed

    @model_validator(mode="before")
    @classmethod
    def _exist_without_a_file(cls, value: Any) -> Any:
        return {"bet": {}, "deposit": {}} | value if isinstance(value, dict) else value


_ALWAYS = {"feed", "brand_id", "event_type", "currency"}
_FIELDS: dict[Kind, set[str]] = {"bet": _ALWAYS | {"game_code", "provider_id"}, "deposit": _ALWAYS}


class Settings(BaseSettings):
    """The whole configuration. Raises ConfigurationError through `load` only."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
        secrets_dir_missing="ok",
        nested_model_default_partial_update=True,
    )

    operator_id: Identifier
    brands: Annotated[list[Identifier], NoDecode, BeforeValidator(_list)] = Field(min_length=1)
    database_url: SecretStr | None = None
    database_pool_size: int = Field(10, ge=2)
    database_timeout: Duration = timedelta(seconds=10)
    database_prepared_statements: bool = True
    data_folder: Path = Path("data")
    server: Server = Server()
    gateway: Gateway
    dispatcher: Dispatcher = Dispatcher()
    logging: Logging = Logging()
    contribution_events: ContributionEvents = ContributionEvents()
    feeds: Feeds = Field(default_factory=lambda: Feeds.model_validate({}))

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names it
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over secrets, and these over the file."""
        secrets = NestedSecretsSettingsSource(
            file_secret_settings,
            secrets_dir=os.environ.get(SECRETS_FOLDER, "/run/secrets"),
            secrets_prefix="",
            secrets_nested_delimiter="__",
        )
        return init_settings, env_settings, secrets, TomlConfigSettingsSource(settings_cls, _file())

    @field_validator("database_url")
    @classmethod
    def _is_postgres(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            async_url(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        longest = 2 * self.gateway.timeout + timedelta(seconds=PATIENCE)  # a call, a new token, the call again
        if self.dispatcher.lease <= longest:
            raise ValueError(
                f"dispatcher.lease: must be more than {_duration_text(longest)}, or leases end during calls"
            )
        for name, feed, kind in self._feeds():
            for number, rule in enumerate(feed.rules):
                try:
                    unknown = template_fields(rule.source_id) - _FIELDS[kind]
                except ValueError as error:
                    raise ValueError(f"feeds.{name}.rules.{number}.source_id: {error}") from None
                if unknown:
                    raise ValueError(f"feeds.{name}.rules.{number}.source_id: a {kind} has no {min(unknown)}")
        return self

    def _feeds(self) -> tuple[tuple[str, FeedSettings, Kind], ...]:
        return ("bet", self.feeds.bet, "bet"), ("deposit", self.feeds.deposit, "deposit")

    def feed_values(self) -> tuple[Feed, ...]:
        """The feeds that are served, for the domain."""
        loop = LoopFilter(
            provider_ids=folded(self.contribution_events.provider_ids),
            game_codes=folded(self.contribution_events.game_codes),
            event_types=folded(self.contribution_events.event_types),
        )
        return tuple(
            Feed(
                name=name,
                kind=kind,
                operator_id=self.operator_id,
                brands=frozenset(self.brands),
                scheme=feed.scheme(),
                filter=Filter(
                    loop=loop,
                    rollback_event_types=folded(feed.rollback_event_types),
                    counted_event_types=folded(feed.event_types),
                    minimum_amount=feed.minimum_amount,
                ),
                rules=tuple(
                    Rule(
                        source_id=rule.source_id,
                        game_codes=tuple(rule.game_codes),
                        provider_ids=tuple(rule.provider_ids),
                        currencies=tuple(rule.currencies),
                    )
                    for rule in feed.rules
                ),
            )
            for name, feed, kind in self._feeds()
            if feed.enabled
        )

    def retry_policy(self) -> RetryPolicy:
        """When to try a contribution again, for the domain."""
        return RetryPolicy(
            deduplicates=self.gateway.deduplicates,
            backoff_base=self.dispatcher.backoff_base,
            backoff_limit=self.dispatcher.backoff_limit,
            retry_after_limit=self.dispatcher.retry_after_limit,
            hold=self.dispatcher.hold,
            give_up_after=self.dispatcher.give_up_after,
        )

    def database(self) -> Database:
        """Where the ledger lives, for the ledger."""
        return Database(
            url=self.database_url.get_secret_value() if self.database_url else None,
            data_folder=self.data_folder,
            pool_size=self.database_pool_size,
            timeout=self.database_timeout,
            prepared_statements=self.database_prepared_statements,
        )


def load() -> Settings:
    """Read the configuration from where it lives. Raises ConfigurationError."""
    mistakes = _unknown_variables()
    try:
        settings = Settings()
    except ValidationError as error:
        raise ConfigurationError(*mistakes, *map(_line, error.errors())) from None
    except SettingsError as error:
        raise ConfigurationError(*mistakes, str(error)) from None
    if mistakes:
        raise ConfigurationError(*mistakes)
    return settings


def _file() -> Path:
    """The TOML file: it must exist only where the environment names it."""
    named = os.environ.get(CONFIG)
    path = Path(named or "event-processor.toml")
    try:
        tomllib.loads(path.read_text())
    except FileNotFoundError:
        if named:
            raise ConfigurationError(f"{CONFIG}: there is no file {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None
    return path


def _unknown_variables() -> list[str]:
    known = {(PREFIX + name).upper() for name in Settings.model_fields} | {CONFIG, SECRETS_FOLDER}
    ours = (name for name in sorted(os.environ) if name.upper().startswith(PREFIX))
    return [f"{name}: there is no such setting" for name in ours if name.upper().partition("__")[0] not in known]


def _line(error: Any) -> str:
    key = ".".join(map(str, error["loc"]))
    if error["type"] == "extra_forbidden":
        return f"{key}: there is no such setting"
    if error["type"] == "missing":
        return f"{key}: is needed"
    message = error["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message
