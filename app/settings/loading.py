"""Loads the configuration, and says what is wrong with it: one line per mistake."""

import os
import re
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_settings import SettingsError

from app.settings.meant import meant_by_key, meant_by_variable
from app.settings.settings import Settings
from app.settings.sources import CONFIG, PREFIX, SECRETS_FOLDER, ConfigurationError

# What Kubernetes puts into the environment for a Service that happens to be named event-processor.
_SERVICE_LINK = re.compile(PREFIX + r"(SERVICE_(HOST|PORT\w*)=.*|PORT\w*=(tcp|udp|sctp)://.*|PORT_\d+_\w+=.*)")


def load() -> Settings:
    """Read the configuration from where it lives. Raises ConfigurationError."""
    mistakes = _variable_mistakes()
    try:
        settings = Settings()
    except ValidationError as error:
        lines = (line for item in error.errors() for line in _line(item).split("\n"))
        raise ConfigurationError(*mistakes, *lines) from None
    except SettingsError as error:
        raise ConfigurationError(*mistakes, _section_line(str(error))) from None
    if mistakes:
        raise ConfigurationError(*mistakes)
    return settings


def _variable_mistakes() -> list[str]:
    ours = {name: value for name, value in sorted(os.environ.items()) if name.upper().startswith(PREFIX)}
    links = {name for name, value in ours.items() if _SERVICE_LINK.fullmatch(f"{name}={value}")}
    unknown = [name for name in ours if name not in links and not _is_known(name.upper())]
    no_text = [name for name, value in ours.items() if name not in {CONFIG, SECRETS_FOLDER} and not _is_text(value)]
    return [
        *(f"{name}: there is no such setting{_meant(name)}" for name in unknown),
        *(f"{name}: not text in UTF-8" for name in no_text),
    ]


def _meant(variable: str) -> str:
    return meant_by_variable(variable.upper().removeprefix(PREFIX))


def _is_text(variable: str) -> bool:
    try:
        variable.encode()
    except UnicodeEncodeError:  # bytes that are none are kept as half surrogate pairs
        return False
    return True


def _is_known(variable: str) -> bool:
    if variable in {CONFIG, SECRETS_FOLDER}:
        return True
    name, nested, _ = variable.removeprefix(PREFIX).lower().partition("__")
    field = Settings.model_fields.get(name)
    if field is None:
        return False
    return not nested or (isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel))


def _line(error: Any) -> str:
    key = ".".join(map(str, error["loc"]))
    match error["type"]:
        case "extra_forbidden":
            return f"{key}: there is no such setting{meant_by_key(error['loc'])}"
        case "missing":
            return f"{key}: is needed"
        case "model_type" if ".rules." in key:
            return f'{key}: a rule is a table: {{"source_id": "…"}}'
        case "model_type" if ".fields." in key:
            return f'{key}: a field is a path, "data.id", a list of paths, or a table'
        case "model_type":
            return f"{key}: a section, whose settings are named one by one"
    message = error["msg"].removeprefix("Value error, ")
    return f"{key}: {message}" if key else message


def _section_line(message: str) -> str:
    section = re.search(r'field "(\w+)"', message)
    if section is None:
        return message
    variable = f"{PREFIX}{section[1].upper()}"
    return f"{section[1]}: {variable} is not a JSON object; name its settings one by one, {variable}__…"
