"""The whole configuration, and the values that the other rooms are given of it."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import AfterValidator, Field, PlainSerializer, SecretStr, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from app.domain.circuit import CircuitPolicy
from app.domain.feed import Feed, Kind
from app.domain.filtering import Filter, LoopFilter, folded
from app.domain.rules import Rule, template_fields
from app.domain.settlement import RetryPolicy
from app.gateway.client import PATIENCE
from app.ledger.database import Database
from app.ledger.engine import async_url, shown_url
from app.ledger.retention import Keep
from app.settings.bodies import batch_of, body_mistakes, limits_of, room_mistakes
from app.settings.event_types import event_type_mistakes
from app.settings.feeds import BUILT_IN, Feeds, FeedSettings
from app.settings.mapping import mapping_mistakes, mapping_of
from app.settings.marks import mark_mistakes
from app.settings.sections import (
    ContributionEvents,
    Dispatcher,
    Gateway,
    Logging,
    Retention,
    Server,
)
from app.settings.sources import PREFIX, feeds_by_name, read_file, read_secrets
from app.settings.values import Duration, Identifier, Identifiers, duration_text, not_empty


def _is_postgres(value: SecretStr) -> SecretStr:
    async_url(value.get_secret_value())
    return value


def _without_password(value: SecretStr) -> str:
    return shown_url(value.get_secret_value())


LONGEST_LEASE = timedelta(minutes=10)
DatabaseUrl = Annotated[SecretStr, AfterValidator(_is_postgres), PlainSerializer(_without_password)]
SENDERS_RETRY_FOR = timedelta(days=7)  # no sender that we know of does so for longer than three
_ALWAYS = {"feed", "brand_id", "event_type", "currency"}
_TEMPLATE_FIELDS: dict[Kind, set[str]] = {"bet": _ALWAYS | {"game_code", "provider_id"}, "deposit": _ALWAYS}


class Settings(BaseSettings):
    """The whole configuration. Raises ConfigurationError through `load` only."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        extra="forbid",
        frozen=True,
    )

    operator_id: Identifier
    brands: Annotated[Identifiers, AfterValidator(not_empty)]
    database_url: DatabaseUrl | None = None
    database_pool_size: int = Field(10, ge=2)
    database_timeout: Duration = timedelta(seconds=10)
    database_prepared_statements: bool = True
    data_folder: Path = Path("data")
    server: Server = Server()
    gateway: Gateway
    dispatcher: Dispatcher = Dispatcher()
    retention: Retention = Retention()
    logging: Logging = Logging()
    contribution_events: ContributionEvents = ContributionEvents()
    feeds: Feeds

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the base class names it
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over secrets, and these over the file."""
        found = feeds_by_name(env_settings()), feeds_by_name(read_secrets(settings_cls.model_fields)), read_file()
        return init_settings, *(InitSettingsSource(settings_cls, init_kwargs=each) for each in found)

    @model_validator(mode="before")
    @classmethod
    def _sections_exist_without_a_file(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {"gateway": {}, "feeds": {}} | value

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if mistakes := [*self._timing_mistakes(), *self._rule_mistakes(), *self._feed_mistakes()]:
            raise ValueError("\n".join(mistakes))
        return self

    def _timing_mistakes(self) -> Iterator[str]:
        if self.gateway.connect_timeout * 3 > self.gateway.timeout:  # a free connection, TCP, TLS
            yield "gateway.connect_timeout: must be at most a third of gateway.timeout, to tell which came first"
        if self.dispatcher.lease < self.database_timeout * 1.5:  # it is renewed when a third of it has passed
            shortest = duration_text(self.database_timeout * 3 / 2)
            yield f"dispatcher.lease: must be at least {shortest}, half as much again as database_timeout, or a slow \
renewal loses it"
        if self.dispatcher.lease > LONGEST_LEASE:
            longest = duration_text(LONGEST_LEASE)
            yield f"dispatcher.lease: must be at most {longest}: what a crash leaves waits for its end"
        if self.dispatcher.stalled_after <= self.dispatcher.poll_interval:
            yield "dispatcher.stalled_after: must be more than dispatcher.poll_interval, or waiting counts as stalled"

        yield from self._retention_mistakes()

    def _retention_mistakes(self) -> Iterator[str]:
        """A key that is gone lets its event be contributed again, so it has to outlive what may still arrive."""
        least = self.retention.contributions + self.dispatcher.give_up_after
        if self.retention.events < least:
            yield (
                f"retention.events: must be at least {duration_text(least)}: retention.contributions, counted from "
                "settling, and dispatcher.give_up_after"
            )
        elif self.retention.events < SENDERS_RETRY_FOR:
            yield f"retention.events: must be at least {duration_text(SENDERS_RETRY_FOR)}, to outlive senders' retries"

    def _rule_mistakes(self) -> Iterator[str]:
        for name, feed in self._served():
            kind = feed.kind
            for number, rule in enumerate(feed.rules):
                key = f"feeds.{name}.rules.{number}"
                try:
                    named = template_fields(rule.source_id)
                except ValueError as error:
                    yield f"{key}.source_id: {error}"
                    continue
                if unknown := named - _TEMPLATE_FIELDS[kind]:
                    yield f"{key}.source_id: a {kind} has no {min(unknown)}"
                if kind == "deposit" and rule.game_codes:
                    yield f"{key}.game_codes: a deposit has no game_code"
                if kind == "deposit" and rule.provider_ids:
                    yield f"{key}.provider_ids: a deposit has no provider_id"

    def _served(self) -> list[tuple[str, FeedSettings]]:
        """Those that are enabled: what another one would do is nobody's trouble until it is."""
        return [(name, feed) for name, feed in self.feeds.named().items() if feed.enabled]

    def _feed_mistakes(self) -> Iterator[str]:
        for name, feed in self.feeds.named().items():
            if not re.fullmatch("[a-z][a-z0-9-]{0,49}", name):
                yield f"feeds.{name}: a feed's name is up to 50 small letters, digits and hyphens, a letter first"
            if name in BUILT_IN and feed.kind != name:
                yield f"feeds.{name}.kind: is {name}"
        marks = self.contribution_events
        for name, feed in self._served():
            for key, mistake in (
                *mapping_mistakes(feed, self.brands, marks.looked_at()),
                *event_type_mistakes(feed, marks.event_types),
                *mark_mistakes(feed, marks),
                *body_mistakes(feed),
            ):
                yield f"feeds.{name}.{key}: {mistake}"
        yield from room_mistakes([feed for _, feed in self._served()], self.server)

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
                kind=feed.kind,
                operator_id=self.operator_id,
                brands=frozenset(self.brands),
                scheme=feed.scheme(),
                addresses=feed.addresses(),
                filter=Filter(
                    loop=loop,
                    rollback_event_types=folded(feed.rollback_event_types),
                    counted_event_types=folded(feed.event_types),
                    minimum_amount=feed.minimum_amount,
                    counted_statuses=folded(feed.statuses),
                    free_stakes=folded(feed.free_stakes),
                ),
                mapping=mapping_of(feed, self.brands, self.contribution_events.looked_at()),
                rules=tuple(
                    Rule(
                        source_id=rule.source_id,
                        game_codes=tuple(rule.game_codes),
                        provider_ids=tuple(rule.provider_ids),
                        currencies=tuple(rule.currencies),
                    )
                    for rule in feed.rules
                ),
                limits=limits_of(feed, self.server),
                batch=batch_of(feed),
                cloud_events=feed.cloud_events,
            )
            for name, feed in self._served()
        )

    def longest_delivery(self) -> timedelta:
        """How long a contribution may be under way: a call, the wait for a new token, the call again."""
        return 2 * self.gateway.timeout + timedelta(seconds=PATIENCE)

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

    def circuit_policy(self) -> CircuitPolicy:
        """When to stop calling the Gateway, for the domain. A probe that may be repeated can do no harm."""
        costly = self.dispatcher.hold if self.gateway.deduplicates else self.dispatcher.backoff_limit
        return CircuitPolicy(
            concurrency=self.gateway.connections,
            hold=self.dispatcher.hold,
            ambiguous_limit=max(costly, self.dispatcher.hold),
        )

    def keep(self) -> Keep:
        """How long the ledger keeps what is settled, for the ledger."""
        return Keep(contributions=self.retention.contributions, events=self.retention.events)

    def database(self) -> Database:
        """Where the ledger lives, for the ledger."""
        return Database(
            url=self.database_url.get_secret_value() if self.database_url else None,
            data_folder=self.data_folder,
            pool_size=self.database_pool_size,
            timeout=self.database_timeout,
            prepared_statements=self.database_prepared_statements,
        )
