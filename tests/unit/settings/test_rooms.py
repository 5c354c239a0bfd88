"""What the other rooms are given of the configuration."""

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from app.authentication.api_keys import ApiKeys
from app.authentication.insecure import Insecure
from app.authentication.standard_webhooks import StandardWebhooks, secret_bytes
from app.domain.filtering import Filter, LoopFilter
from app.domain.rules import Rule
from app.domain.settlement import RetryPolicy
from app.ledger.database import Database
from app.ledger.retention import Keep
from app.settings import Settings
from tests.unit.settings import API_KEY, OTHER_SECRET, PASSWORD, SECRET, loaded, toml

KEYS = (secret_bytes(SECRET), secret_bytes(OTHER_SECRET))


def schemes(settings: Settings) -> list[object]:
    return [feed.scheme for feed in settings.feed_values()]


def test_each_feed_has_its_own_authentication() -> None:
    expected = [
        StandardWebhooks(keys=KEYS[:1], tolerance=timedelta(minutes=5)),
        ApiKeys(keys=(API_KEY.encode(),)),
    ]

    assert expected == schemes(loaded())


def test_every_secret_of_a_list_is_live_for_a_rotation() -> None:
    file = toml(
        feeds__bet__webhook_secrets=f'["{SECRET}", "{OTHER_SECRET}"]',
        feeds__bet__timestamp_tolerance='"1m"',
        feeds__deposit__api_keys=f'["{API_KEY}", "{API_KEY}-2"]',
    )
    expected = [
        StandardWebhooks(keys=KEYS, tolerance=timedelta(minutes=1)),
        ApiKeys(keys=(API_KEY.encode(), f"{API_KEY}-2".encode())),
    ]

    assert expected == schemes(loaded(file))


def test_a_secret_is_the_same_without_its_prefix() -> None:
    file = toml(feeds__bet__webhook_secrets=f'["{SECRET.removeprefix("whsec_")}"]')

    assert schemes(loaded()) == schemes(loaded(file))


def test_an_insecure_feed_lets_anybody_in() -> None:
    file = toml(feeds__bet__webhook_secrets=None, feeds__bet__insecure="true")

    assert schemes(loaded(file))[0] == Insecure()


def test_a_feed_that_is_not_enabled_is_not_served() -> None:
    expected = ["deposit"]

    assert expected == [feed.name for feed in loaded(toml(feeds__bet__enabled="false")).feed_values()]


def test_every_feed_is_of_the_operator_and_its_brands() -> None:
    expected = {("acme", frozenset({"brand1", "brand2"}))}

    assert expected == {
        (feed.operator_id, feed.brands) for feed in loaded(toml(brands='["brand1", "brand2"]')).feed_values()
    }


def test_filters_compare_without_regard_to_case_or_outer_white_space() -> None:
    file = toml(
        contribution_events__provider_ids='["ThrillTech", " Jackpots "]',
        contribution_events__game_codes='["TT-*"]',
        contribution_events__event_types='["JACKPOT_DEBIT"]',
        feeds__bet__event_types='["Bet", "Bet Placed"]',
        feeds__bet__rollback_event_types='["ROLLBACK"]',
        feeds__bet__minimum_amount='"0.50"',
    )
    expected = Filter(
        loop=LoopFilter(
            provider_ids=frozenset({"thrilltech", "jackpots"}),
            game_codes=frozenset({"tt-*"}),
            event_types=frozenset({"jackpot_debit"}),
        ),
        rollback_event_types=frozenset({"rollback"}),
        counted_event_types=frozenset({"bet", "bet placed"}),
        minimum_amount=Decimal("0.50"),
    )

    assert expected == loaded(file).feed_values()[0].filter


def test_the_loop_filter_is_every_feeds() -> None:
    bet, deposit = loaded().feed_values()

    assert bet.filter.loop == deposit.filter.loop


def test_rules_keep_their_order_and_their_case() -> None:
    file = toml(
        feeds__bet__rules='[{source_id = "{game_code}"}, {source_id = "EURO", game_codes = ["Egyptian-*"], '
        'provider_ids = ["Studio"], currencies = ["EUR", "USD"]}]'
    )
    expected = (
        Rule(source_id="{game_code}"),
        Rule(source_id="EURO", game_codes=("Egyptian-*",), provider_ids=("Studio",), currencies=("EUR", "USD")),
    )

    assert expected == loaded(file).feed_values()[0].rules


def test_the_retry_policy_comes_from_the_gateway_and_the_dispatcher() -> None:
    file = toml(
        gateway__deduplicates="true",
        dispatcher__backoff_base='"2s"',
        dispatcher__backoff_limit='"3m"',
        dispatcher__retry_after_limit='"4h"',
        dispatcher__hold='"5s"',
        dispatcher__give_up_after='"6d"',
    )
    expected = RetryPolicy(
        deduplicates=True,
        backoff_base=timedelta(seconds=2),
        backoff_limit=timedelta(minutes=3),
        retry_after_limit=timedelta(hours=4),
        hold=timedelta(seconds=5),
        give_up_after=timedelta(days=6),
    )

    assert expected == loaded(file).retry_policy()


def test_what_is_kept_comes_from_retention() -> None:
    file = toml(retention__contributions='"10d"', retention__events='"20d"')

    assert Keep(contributions=timedelta(days=10), events=timedelta(days=20)) == loaded(file).keep()


def test_the_database_is_the_one_that_is_configured() -> None:
    url = f"postgresql://acme:{PASSWORD}@host/database"
    file = toml(
        database_url=f'"{url}"',
        database_pool_size="20",
        database_timeout='"3s"',
        database_prepared_statements="false",
        data_folder='"/var/lib/event-processor"',
    )
    expected = Database(
        url=url,
        data_folder=Path("/var/lib/event-processor"),
        pool_size=20,
        timeout=timedelta(seconds=3),
        prepared_statements=False,
    )

    assert expected == loaded(file).database()


def test_without_a_database_url_the_database_is_embedded() -> None:
    assert loaded().database().url is None
