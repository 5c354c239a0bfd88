"""Loads the configuration from where it lives, and says what is wrong with it, one line per mistake."""

import os
import tomllib
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.settings.settings import CONFIG, PREFIX, SECRETS_FOLDER, Settings, file


class ConfigurationError(Exception):
    """The configuration is wrong: one line per mistake, each naming its key."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def load() -> Settings:
    """Read the configuration from where it lives. Raises ConfigurationError."""
    _check_file()
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


def _check_file() -> None:
    path = file()
    try:
        tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if os.environ.get(CONFIG):
            raise ConfigurationError(f"{CONFIG}: there is no file {path}") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


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
