"""Each mistake in the configuration is one line that names its key."""

from datetime import timedelta
from pathlib import Path

import pytest

from app.settings import ConfigurationError, load
from tests.unit.settings import API_KEY, OTHER_SECRET, PASSWORD, SECRET, VALID, loaded, mistakes, surroundings, toml

DURATION = "a duration is a number above zero and a unit, as text: 500ms, 30s, 5m, 24h, 90d"
POSTGRES = "postgresql://user:password@host/database is expected"


def test_the_configuration_that_these_tests_change_is_valid() -> None:
    assert loaded().operator_id == "acme"


@pytest.mark.parametrize("key", [key for key in VALID if not key.startswith("feeds")])
def test_a_setting_that_is_missing_is_named(key: str) -> None:
    expected = (f"{key}: is needed",)

    assert expected == mistakes(toml(**{key: None}))


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("operater_id", "; did you mean operator_id?"),
        ("server.prot", "; did you mean port?"),
        ("gateway.pasword", "; did you mean password?"),
        ("contribution_events.provider_id", "; did you mean provider_ids?"),
        ("feeds.bet.secret", ""),
        ("feeds.bet.fields.stake", ""),
        ("feeds.bet.fields.evnt_id", "; did you mean event_id?"),
        ("feeds.bet.fields.amount.pth", "; did you mean path?"),
        ("feeds.bet.batch.item", "; did you mean items?"),
        ("feeds.bet.signature.headers", "; did you mean header?"),
        ("feeds.bet.ratelimit", "; did you mean rate_limit?"),
        ("feeds.deposit.minimum_amont", "; did you mean minimum_amount?"),
    ],
)
def test_a_key_of_the_file_that_is_no_setting_is_named_with_one_that_is_like_it(key: str, meant: str) -> None:
    expected = (f"{key}: there is no such setting{meant}",)

    assert expected == mistakes(toml(**{key: "1"}))


def test_a_key_of_a_rule_that_is_no_setting_is_named_with_the_rules_number() -> None:
    expected = ("feeds.bet.rules.1.game_code: there is no such setting; did you mean game_codes?",)

    assert expected == mistakes(toml(feeds__bet__rules='[{source_id = "a"}, {source_id = "b", game_code = "c"}]'))


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("OPERATER_ID", "OPERATOR_ID"),
        ("SERVER_PORT", "SERVER__PORT"),
        ("FEEDS_BET_API_KEYS", "FEEDS__BET__API_KEYS"),
        ("PASSWORD", ""),
        ("OPERATOR_ID__NAME", "OPERATOR_ID"),
    ],
)
def test_a_variable_that_is_no_setting_is_named_with_one_that_is_like_it(name: str, meant: str) -> None:
    expected = (f"EVENT_PROCESSOR_{name}: there is no such setting",)
    if meant:
        expected = (f"{expected[0]}; did you mean EVENT_PROCESSOR_{meant}?",)

    assert expected == mistakes(environment={name: "1"})


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("operator_id", '"acme:brand1"', ""),
        ("operator_id", '""', ""),
        ("brands", "[]", ""),
        ("database_url", '"mysql://user:password@host/database"', f"only PostgreSQL will do: {POSTGRES}"),
        ("database_url", '"host/database"', f"not a database URL: {POSTGRES}"),
        ("database_url", '"postgresql://host:port/database"', f"not a database URL: {POSTGRES}"),
        ("database_pool_size", "1", "greater than or equal to 2"),
        ("database_timeout", "10", DURATION),
        ("server.port", "65536", "less than or equal to 65535"),
        ("server.drain", '"2"', DURATION),
        ("server.drain", "2", DURATION),
        ("server.drain", '"2 s"', DURATION),
        ("server.drain", '"-2s"', DURATION),
        ("server.drain", '"0s"', DURATION),
        ("server.drain", '"1.5s"', DURATION),
        ("server.drain", '"2 seconds"', DURATION),
        ("server.drain", "true", DURATION),
        ("gateway.url", '"gateway.example.com"', "URL"),
        ("gateway.url", '"ftp://gateway.example.com"', "'http' or 'https'"),
        ("gateway.url", f'"https://acme:{PASSWORD}@gateway.example.com"', ""),
        ("gateway.url", '"https://gateway.example.com/?key=1"', ""),
        ("gateway.password", '""', ""),
        ("gateway.contribute_path", '"contribute"', ""),
        ("gateway.timeout", '"999999999d"', ""),
        ("gateway.ca_file", '"missing.pem"', ""),
        ("dispatcher.lease", '"14s"', "must be at least 15s, half as much again as database_timeout"),
        ("dispatcher.lease", '"11m"', "must be at most 10m: what a crash leaves waits for its end"),
        ("retention.events", '"29d"', "must be at least 31d: retention.contributions, counted from settling, and"),
        ("retention.every", '"0s"', DURATION),
        ("logging.level", '"loud"', "'debug', 'info', 'warning' or 'error'"),
        ("feeds.bet.webhook_secrets", '["whsec_not base64"]', "a webhook secret is base64"),
        ("feeds.bet.webhook_secrets", '["whsec_é"]', "a webhook secret is base64"),
        ("feeds.bet.webhook_secrets", '["whsec_c2hvcnQ="]', "a webhook secret is at least 24 bytes long"),
        ("feeds.deposit.api_keys", '["fifteen letters"]', "an API key has at least 16 characters"),
        ("feeds.bet.minimum_amount", "0.5", 'write it as text, "0.50", since a float is not exact'),
        ("feeds.bet.minimum_amount", '"-0.50"', "plain decimal digits"),
        ("feeds.bet.minimum_amount", '"much"', "plain decimal digits"),
    ],
)
def test_a_value_that_is_wrong_is_named_with_what_is_expected(key: str, value: str, says: str) -> None:
    (line,) = mistakes(toml(**{key: value}))

    assert line.startswith(f"{key}: ")
    assert says in line


@pytest.mark.parametrize(
    ("name", "value", "key", "says"),
    [
        ("BRANDS", '["brand1"', "brands", "not a JSON array, though it begins like one"),
        ("BRANDS", "brand1,brand2", "brands", ""),
        ("FEEDS__BET__EVENT_TYPES", "BET, BET_PLACED", "feeds.bet.event_types", ""),
        ("FEEDS__BET__RULES", '[{"source_id": "a"}', "feeds.bet.rules", "not a JSON array"),
        ("FEEDS__BET__RULES", '[{"game_codes": ["a"]}]', "feeds.bet.rules.0.source_id", "is needed"),
        ("SERVER__PORT", "http", "server.port", ""),
        ("GATEWAY__DEDUPLICATES", "perhaps", "gateway.deduplicates", ""),
        ("SERVER", "0.0.0.0:8000", "server", ""),
    ],
)
def test_a_variable_that_is_wrong_is_named_by_its_setting(name: str, value: str, key: str, says: str) -> None:
    (line,) = mistakes(environment={name: value})

    assert line.startswith(f"{key}: ")
    assert says in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FEEDS__BET__BASIC_USERS", f"us\udcffer:{PASSWORD}"),
        ("FEEDS__BET__BASIC_USERS", f"user:{PASSWORD}\udcff"),
        ("GATEWAY__USERNAME", "\udcff"),
        ("OPERATOR_ID", "acm\udce9"),
    ],
)
def test_a_variable_whose_bytes_are_no_text_is_named(name: str, value: str) -> None:
    file = toml(feeds__bet__webhook_secrets=None if "BASIC" in name else f'["{SECRET}"]')

    assert mistakes(file, environment={name: value}) == (f"EVENT_PROCESSOR_{name}: not text in UTF-8",)


def test_half_of_a_character_in_a_json_array_is_named() -> None:
    users = rf'["user:{PASSWORD}\udcff"]'
    lines = mistakes(toml(feeds__bet__webhook_secrets=None), secrets={"feeds__bet__basic_users": users})

    assert lines == (r"feeds.bet.basic_users: not text: a \u escape is half of a character",)


def test_connecting_is_bounded_well_below_the_call() -> None:
    """Else the whole call's time is up first, and who was never reached counts as not having answered."""
    (line,) = mistakes(toml(gateway__timeout='"2s"'))

    assert line.startswith("gateway.connect_timeout: must be at most a third of gateway.timeout")


def test_a_dispatcher_that_only_waits_does_not_count_as_stalled() -> None:
    (line,) = mistakes(toml(dispatcher__poll_interval='"1m"'))

    assert line.startswith("dispatcher.stalled_after: ")


def test_every_mistake_has_its_line() -> None:
    file = toml(
        operator_id=None, operater_id='"acme"', server__port="-1", gateway__url='"?"', feeds__bet__insecure="true"
    )
    expected = {"operator_id", "operater_id", "server.port", "gateway.url", "feeds.bet", "EVENT_PROCESSOR_PORT"}

    assert expected == {line.partition(": ")[0] for line in mistakes(file, environment={"PORT": "1"})}


def test_every_mistake_between_sections_has_its_line() -> None:
    rules = '[{source_id = "{a}"}, {source_id = "{b}"}]'
    expected = {"dispatcher.lease", "feeds.bet.rules.0.source_id", "feeds.bet.rules.1.source_id"}

    found = mistakes(toml(dispatcher__lease='"1s"', feeds__bet__rules=rules))

    assert expected == {line.partition(": ")[0] for line in found}


def test_a_file_that_is_not_toml_is_named_with_the_place_of_the_mistake() -> None:
    expected = ("event-processor.toml: Invalid value (at line 1, column 15)",)

    assert expected == mistakes("operator_id = = 1")


def test_a_file_that_is_not_text_is_named() -> None:
    with surroundings():
        Path("event-processor.toml").write_bytes(b'operator_id = "\xff"')
        with pytest.raises(ConfigurationError, match=r"\Aevent-processor\.toml: [^\n]+\Z"):
            load()


def test_a_file_that_the_environment_names_and_that_is_not_there_is_named() -> None:
    expected = ("EVENT_PROCESSOR_CONFIG: there is no file elsewhere.toml",)

    assert expected == mistakes(environment={"CONFIG": "elsewhere.toml"})


def test_a_secrets_file_that_is_no_setting_is_named() -> None:
    expected = ("gateway.pasword: there is no such setting; did you mean password?",)

    assert expected == mistakes(secrets={"gateway__pasword": PASSWORD})


def test_a_secrets_file_that_is_not_text_is_named() -> None:
    with surroundings():
        Path("secrets", "gateway__password").write_bytes(b"\xff")
        with pytest.raises(ConfigurationError, match=r"\A[^\n]*gateway__password[^\n]+\Z"):
            load()


def test_a_secrets_folder_that_is_a_file_is_named_by_its_variable() -> None:
    (line,) = mistakes(environment={"SECRETS_FOLDER": "event-processor.toml"})

    assert line.startswith("EVENT_PROCESSOR_SECRETS_FOLDER: ")


@pytest.mark.parametrize(
    "changes",
    [
        {"feeds__bet__webhook_secrets": f'["{SECRET}", "{OTHER_SECRET}!"]'},
        {"feeds__bet__webhook_secrets": f'["{SECRET}"', "feeds__deposit__api_keys": None},
        {"feeds__bet__api_keys": f'["{API_KEY}"]'},
        {"feeds__bet__api_keys": f'["{API_KEY[:15]}"]', "feeds__bet__webhook_secrets": None},
        {"gateway__password": f'["{PASSWORD}"]'},
        {"gateway__pasword": f'"{PASSWORD}"'},
        {"database_url": f'"mysql://acme:{PASSWORD}@host/database"'},
        {"database_url": f'"postgresql:acme:{PASSWORD}@host/database"'},
        {"database_url": f'"postgresql://acme:{PASSWORD}/database"'},
    ],
)
def test_no_line_shows_a_secret(changes: dict[str, str | None]) -> None:
    lines = "\n".join(mistakes(toml(**changes)))

    assert lines
    assert not any(part in lines for part in ("FoundInNoOutput", "found-in-no"))


def test_a_secrets_file_for_a_section_and_one_for_a_part_of_it_are_named() -> None:
    (line,) = mistakes(secrets={"gateway": "{}", "gateway__password": "secret"})

    assert "gateway__password: another file, gateway, gives the whole section" in line


def test_keys_outlive_the_retries_of_senders_however_short_contributions_are_kept() -> None:
    expected = ("retention.events: must be at least 7d, to outlive senders' retries",)
    short = {"retention__contributions": '"1d"', "dispatcher__give_up_after": '"1h"'}

    assert expected == mistakes(toml(retention__events='"6d"', **short))
    assert loaded(toml(retention__events='"7d"', **short)).retention.events == timedelta(days=7)


def test_keys_outlive_contributions_that_were_settled_as_late_as_can_be() -> None:
    (line,) = mistakes(toml(retention__contributions='"90d"'))

    assert line.startswith("retention.events: must be at least 91d: ")
