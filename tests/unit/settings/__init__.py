"""A configuration in real files and a real environment, apart from the developer's own."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from app.settings import PREFIX, ConfigurationError, Settings, load

SECRET = "whsec_FoundInNoOutputButByMistakeFirst"
OTHER_SECRET = "whsec_FoundInNoOutputButByMistakeOther"
API_KEY = "found-in-no-output-but-by-mistake"
PASSWORD = "found-in-no-output-password"

VALID = {
    "operator_id": '"acme"',
    "brands": '["brand1"]',
    "gateway.url": '"https://gateway.example.com"',
    "gateway.username": '"acme-event-processor"',
    "gateway.password": f'"{PASSWORD}"',
    "feeds.bet.webhook_secrets": f'["{SECRET}"]',
    "feeds.deposit.api_keys": f'["{API_KEY}"]',
}


def toml(**changes: str | None) -> str:
    """The valid configuration with settings changed, or left out where the change is None. `__` stands for a dot."""
    changed = VALID | {key.replace("__", "."): value for key, value in changes.items()}
    return "".join(f"{key} = {value}\n" for key, value in changed.items() if value is not None)


def loaded(
    file: str | None = None, *, secrets: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> Settings:
    """What is loaded from a file (the valid one by default), secrets files, and variables, named without our prefix."""
    with surroundings(file, secrets=secrets, environment=environment):
        return load()


def mistakes(
    file: str | None = None, *, secrets: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The lines that say what is wrong with a configuration."""
    with surroundings(file, secrets=secrets, environment=environment), pytest.raises(ConfigurationError) as caught:
        load()
    return caught.value.mistakes


@contextmanager
def surroundings(
    file: str | None = None, *, secrets: Mapping[str, str] | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Be in a new folder with these files, `secrets` among them, and with no other variables of ours than these."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Path("event-processor.toml").write_text(toml() if file is None else file, encoding="utf-8")
        Path("secrets").mkdir()
        for name, value in (secrets or {}).items():
            Path("secrets", name).write_text(value, encoding="utf-8")
        for name in [name for name in os.environ if name.startswith(PREFIX)]:
            patch.delenv(name)
        for name, value in ({"SECRETS_FOLDER": "secrets"} | dict(environment or {})).items():
            patch.setenv(PREFIX + name, value)
        yield
