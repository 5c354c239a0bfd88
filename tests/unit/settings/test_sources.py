"""Where the configuration comes from, and which source wins."""

from pathlib import Path

import pytest

from app.settings import load
from app.settings.values import duration_text
from tests.unit.settings import API_KEY, OTHER_SECRET, PASSWORD, SECRET, loaded, mistakes, surroundings, toml

OTHER_PASSWORD = "another-password"


def test_a_secrets_file_wins_over_the_file() -> None:
    settings = loaded(toml(gateway__password=f'"{PASSWORD}"'), secrets={"gateway__password": OTHER_PASSWORD})

    assert settings.gateway.password.get_secret_value() == OTHER_PASSWORD


def test_a_variable_wins_over_a_secrets_file() -> None:
    settings = loaded(secrets={"gateway__password": PASSWORD}, environment={"GATEWAY__PASSWORD": OTHER_PASSWORD})

    assert settings.gateway.password.get_secret_value() == OTHER_PASSWORD


def test_a_variable_wins_over_the_file() -> None:
    expected = 9000

    assert expected == loaded(toml(server__port="8001"), environment={"SERVER__PORT": "9000"}).server.port


def test_a_setting_from_one_source_leaves_its_neighbours_to_the_others() -> None:
    gateway = loaded(
        toml(gateway__username='"from-the-file"', gateway__password=None, gateway__timeout='"31s"'),
        secrets={"gateway__password": PASSWORD},
        environment={"GATEWAY__TIMEOUT": "32s"},
    ).gateway
    expected = ("from-the-file", PASSWORD, "32s")

    assert expected == (gateway.username, gateway.password.get_secret_value(), duration_text(gateway.timeout))


def test_everything_can_come_from_the_environment() -> None:
    environment = {
        "OPERATOR_ID": "acme",
        "BRANDS": "brand1 brand2",
        "GATEWAY__URL": "https://gateway.example.com",
        "GATEWAY__USERNAME": "acme-event-processor",
        "GATEWAY__PASSWORD": PASSWORD,
        "FEEDS__BET__WEBHOOK_SECRETS": SECRET,
        "FEEDS__DEPOSIT__API_KEYS": API_KEY,
    }
    expected = loaded(toml(brands='["brand1", "brand2"]'))
    with surroundings(environment=environment):
        Path("event-processor.toml").unlink()

        assert expected == load()


def test_the_white_space_around_a_secret_in_a_file_is_not_part_of_it() -> None:
    settings = loaded(secrets={"gateway__password": f"{PASSWORD}\n"})

    assert settings.gateway.password.get_secret_value() == PASSWORD


@pytest.mark.parametrize(
    "text",
    [
        f"{SECRET} {OTHER_SECRET}",
        f"{SECRET}\n{OTHER_SECRET}\n",
        f"\t{SECRET}  \r\n {OTHER_SECRET}",
        f'["{SECRET}", "{OTHER_SECRET}"]',
        f'\n[\n"{SECRET}",\n"{OTHER_SECRET}"\n]\n',
    ],
)
def test_a_list_is_written_in_one_text_with_white_space_or_as_json(text: str) -> None:
    from_secrets = loaded(secrets={"feeds__bet__webhook_secrets": text})

    assert [SECRET, OTHER_SECRET] == [secret.get_secret_value() for secret in from_secrets.feeds.bet.webhook_secrets]
    assert ["a", "b"] == loaded(environment={"BRANDS": text.replace(SECRET, "a").replace(OTHER_SECRET, "b")}).brands


def test_an_entry_with_white_space_is_written_in_json() -> None:
    expected = ["Bet Placed", "Bet"]

    assert expected == loaded(environment={"FEEDS__BET__EVENT_TYPES": '["Bet Placed", "Bet"]'}).feeds.bet.event_types


def test_a_list_replaces_the_list_of_a_weaker_source() -> None:
    expected = ["brand3"]

    assert expected == loaded(toml(brands='["brand1", "brand2"]'), environment={"BRANDS": "brand3"}).brands


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_variable_is_a_mistake_since_a_list_that_filters_would_let_everything_pass(empty: str) -> None:
    file = toml(feeds__bet__statuses='["approved"]')

    expected = ("feeds.bet.statuses: is empty: leave it out, or write [] for an empty list",)
    assert expected == mistakes(file, environment={"FEEDS__BET__STATUSES": empty})


def test_an_empty_array_in_a_variable_empties_a_list() -> None:
    feed = loaded(environment={"FEEDS__BET__WEBHOOK_SECRETS": "[]", "FEEDS__BET__API_KEYS": API_KEY}).feeds.bet

    assert feed.webhook_secrets == []
    assert [API_KEY] == [key.get_secret_value() for key in feed.api_keys]


def test_rules_are_written_in_json_outside_the_file() -> None:
    rules = loaded(environment={"FEEDS__BET__RULES": '[{"source_id": "a"}, {"source_id": "b"}]'}).feeds.bet.rules

    assert ["a", "b"] == [rule.source_id for rule in rules]


def test_the_environment_names_the_file() -> None:
    with surroundings("operator_id = = 1", environment={"CONFIG": "elsewhere.toml"}):
        Path("elsewhere.toml").write_text(toml(operator_id='"elsewhere"'), encoding="utf-8")

        assert load().operator_id == "elsewhere"


@pytest.mark.parametrize("name", ["CONFIG", "SECRETS_FOLDER"])
def test_an_empty_variable_names_no_file_and_no_folder(name: str) -> None:
    with surroundings(environment={name: ""}):
        Path("gateway__password").write_text("not a secret: this is the working folder", encoding="utf-8")

        assert load().gateway.password.get_secret_value() == PASSWORD


def test_files_of_others_in_the_secrets_folder_are_left_alone() -> None:
    assert loaded(secrets={"another_service_password": "1", ".hidden": "1"}) == loaded()


def test_the_variables_that_kubernetes_makes_for_a_service_of_our_name_are_left_alone() -> None:
    environment = {
        "SERVICE_HOST": "10.0.0.1",
        "SERVICE_PORT": "8000",
        "SERVICE_PORT_HTTP": "8000",
        "PORT": "tcp://10.0.0.1:8000",
        "PORT_8000_TCP": "tcp://10.0.0.1:8000",
        "PORT_8000_TCP_PROTO": "tcp",
        "PORT_8000_TCP_PORT": "8000",
        "PORT_8000_TCP_ADDR": "10.0.0.1",
    }

    assert loaded(environment=environment).server.port == 8000
