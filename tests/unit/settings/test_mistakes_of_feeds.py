"""Each mistake in a feed, its rules or the loop filter is one line that names its key."""

import pytest

from tests.unit.settings import API_KEY, loaded, mistakes, toml

LOOP = "must not be empty: without it contributions would breed contributions"
WAYS = "set webhook_secrets, webhook_public_keys, api_keys, basic_users or signature"
NO_AUTHENTICATION = f"{WAYS} (or enabled = false; insecure = true lets anybody post)"
ONE_AUTHENTICATION = "set one of webhook keys, api_keys, basic_users, signature and insecure, not two"
TEMPLATE = "a field of a template is written {name}, not "


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"feeds__bet__webhook_secrets": None}, NO_AUTHENTICATION),
        ({"feeds__bet__webhook_secrets": "[]"}, NO_AUTHENTICATION),
        ({"feeds__bet__api_keys": f'["{API_KEY}"]'}, ONE_AUTHENTICATION),
        ({"feeds__bet__basic_users": f'["user:{API_KEY}"]'}, ONE_AUTHENTICATION),
        ({"feeds__bet__signature__secrets": f'["{API_KEY}"]'}, ONE_AUTHENTICATION),
        ({"feeds__bet__insecure": "true"}, ONE_AUTHENTICATION),
    ],
)
def test_a_feed_has_exactly_one_authentication(changes: dict[str, str | None], expected: str) -> None:
    assert mistakes(toml(**changes)) == (f"feeds.bet: {expected}",)


def test_a_feed_may_be_insecure_where_the_configuration_says_so() -> None:
    assert loaded(toml(feeds__bet__webhook_secrets=None, feeds__bet__insecure="true")).feeds.bet.insecure


def test_a_feed_that_is_not_enabled_needs_no_authentication() -> None:
    assert not loaded(toml(feeds__bet__webhook_secrets=None, feeds__bet__enabled="false")).feeds.bet.enabled


def test_the_loop_filter_is_never_empty() -> None:
    expected = (f"contribution_events: {LOOP}",)

    assert expected == mistakes(toml(contribution_events__provider_ids="[]"))


@pytest.mark.parametrize("name", ["provider_ids", "game_codes", "event_types"])
@pytest.mark.parametrize("blank", ["", " "])
def test_the_loop_filter_has_no_blank_entry_which_would_catch_all_or_nothing(name: str, blank: str) -> None:
    (line,) = mistakes(toml(**{f"contribution_events.{name}": f'["thrilltech", "{blank}"]'}))

    assert line.startswith(f"contribution_events.{name}")


@pytest.mark.parametrize("name", ["game_codes", "event_types"])
def test_one_list_of_the_loop_filter_is_enough(name: str) -> None:
    changes = {"contribution_events.provider_ids": "[]", f"contribution_events.{name}": '["jackpot"]'}

    assert loaded(toml(**changes)).contribution_events.provider_ids == []


@pytest.mark.parametrize(
    ("feed", "source_id", "expected"),
    [
        ("bet", "{round}", "a bet has no round"),
        ("bet", "{amount}", "a bet has no amount"),
        ("deposit", "{game_code}", "a deposit has no game_code"),
        ("deposit", "{provider_id}", "a deposit has no provider_id"),
        ("bet", "{game_code.upper}", TEMPLATE + "{game_code.upper…}"),
        ("bet", "{game_code!r}", TEMPLATE + "{game_code…}"),
        ("bet", "{game_code:>9}", TEMPLATE + "{game_code…}"),
        ("bet", "{0}", TEMPLATE + "{0…}"),
        ("bet", "{}", TEMPLATE + "{…}"),
        ("bet", "{game_code", "expected '}' before end of string"),
        ("bet", "game_code}", "Single '}' encountered in format string"),
    ],
)
def test_a_template_that_no_event_fits_is_named_with_its_rules_number(feed: str, source_id: str, expected: str) -> None:
    rules = f'[{{source_id = "a"}}, {{source_id = "{source_id}"}}]'

    assert mistakes(toml(**{f"feeds.{feed}.rules": rules})) == (f"feeds.{feed}.rules.1.source_id: {expected}",)


@pytest.mark.parametrize("name", ["game_codes", "provider_ids"])
def test_a_rule_on_what_deposits_do_not_have_is_named_since_it_would_never_match(name: str) -> None:
    (line,) = mistakes(toml(feeds__deposit__rules=f'[{{source_id = "DEPOSIT", {name} = ["a"]}}]'))

    assert line.startswith(f"feeds.deposit.rules.0.{name}: ")


def test_a_rule_on_a_currency_that_no_event_can_have_is_named_since_it_would_never_match() -> None:
    (line,) = mistakes(toml(feeds__bet__rules='[{source_id = "EURO", currencies = ["eur"]}]'))

    assert line.startswith("feeds.bet.rules.0.currencies")
