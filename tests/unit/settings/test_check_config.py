"""`check-config` as it is run, and what other commands do with a wrong configuration."""

import json
import subprocess
import sys
from collections.abc import Mapping

import pytest

from app.cli import main
from tests.unit.settings import API_KEY, OTHER_SECRET, PASSWORD, SECRET, surroundings, toml

COMMAND = (sys.executable, "-c", "from app.cli import main; main()", "check-config")
MASKED = "**********"


def check_config(
    file: str, *, secrets: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    with surroundings(file, secrets=secrets, environment=environment):
        return subprocess.run(COMMAND, check=False, capture_output=True, text=True)


def test_a_right_configuration_is_printed_as_it_takes_effect_and_without_its_secrets() -> None:
    done = check_config(
        toml(server__port="8001", database_url=f'"postgresql://acme:{PASSWORD}@host/database"'),
        secrets={"feeds__bet__webhook_secrets": f"{SECRET}\n{OTHER_SECRET}\n"},
        environment={"SERVER__PORT": "9000"},
    )
    expected = {
        "host": "127.0.0.1",
        "port": 9000,
        "body_limit": 65536,
        "large_bodies": 134217728,
        "drain": "2s",
        "workers": 1,
        "connections": 2000,
        "read_timeout": "30s",
        "unwritten_limit": 1000,
        "public_url": None,
        "trusted_proxies": [],
    }

    assert (0, "") == (done.returncode, done.stderr)
    printed = json.loads(done.stdout)
    assert expected == printed["server"]
    assert MASKED == printed["gateway"]["password"]
    assert printed["database_url"] == "postgresql://acme:***@host/database"
    assert printed["feeds"]["bet"]["webhook_secrets"] == [MASKED, MASKED]
    assert printed["feeds"]["deposit"]["api_keys"] == [MASKED]
    assert not any(secret in done.stdout for secret in (PASSWORD, SECRET, OTHER_SECRET, API_KEY))


def test_feeds_with_a_key_in_common_are_warned_of_and_the_configuration_is_right() -> None:
    done = check_config(
        toml(feeds__deposit__api_keys=None, feeds__deposit__webhook_secrets=f'["{OTHER_SECRET}", "{SECRET}"]')
    )
    meaning = "what is authentic for one of them is so for the others"

    assert (0, f"warning: feeds.bet, feeds.deposit: have a key in common; {meaning}\n") == (
        done.returncode,
        done.stderr,
    )
    assert json.loads(done.stdout)["feeds"]["deposit"]["webhook_secrets"] == [MASKED, MASKED]


def test_what_a_platform_shares_with_us_is_masked_too() -> None:
    done = check_config(
        toml(
            feeds__bet__webhook_secrets=None,
            feeds__bet__signature__secrets=f'["{API_KEY}"]',
            feeds__deposit__api_keys=None,
            feeds__deposit__basic_users=f'["user:{PASSWORD}"]',
        )
    )
    feeds = json.loads(done.stdout)["feeds"]

    assert [MASKED] == feeds["bet"]["signature"]["secrets"] == feeds["deposit"]["basic_users"]
    assert not any(secret in done.stdout for secret in (PASSWORD, API_KEY))


def test_a_wrong_configuration_is_a_line_per_mistake_and_exit_status_2() -> None:
    done = check_config(toml(operator_id=None, server__drain="2"), environment={"FEEDS__BET__API_KEYS": API_KEY})
    expected = [
        "configuration: feeds.bet: set one of webhook keys, api_keys, basic_users, signature and insecure, not two",
        "configuration: operator_id: is needed",
        "configuration: server.drain: a duration is a number above zero and a unit, as text: 500ms, 30s, 5m, 24h, 90d",
    ]

    assert (2, "") == (done.returncode, done.stdout)
    assert expected == sorted(done.stderr.splitlines())


@pytest.mark.parametrize("command", ["serve", "dispatch", "migrate", "ledger", "check-config", "sign bet body"])
def test_every_command_stops_at_a_wrong_configuration(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["event-processor", *command.split()])
    expected = (2, "", "configuration: operator_id: is needed\n")

    with surroundings(toml(operator_id=None)), pytest.raises(SystemExit) as exit_status:
        main()

    assert expected == (exit_status.value.code, *capsys.readouterr())
