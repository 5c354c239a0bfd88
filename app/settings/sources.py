"""Where the configuration lives: a TOML file and a folder of secrets, read whole, with every mistake named."""

import os
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

PREFIX = "EVENT_PROCESSOR_"
CONFIG = PREFIX + "CONFIG"
SECRETS_FOLDER = PREFIX + "SECRETS_FOLDER"


class ConfigurationError(Exception):
    """The configuration is wrong: one line per mistake, each naming its key."""

    def __init__(self, *mistakes: str) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


def read_file() -> dict[str, Any]:
    """The TOML file that EVENT_PROCESSOR_CONFIG names, or event-processor.toml here, which need not exist."""
    named = os.environ.get(CONFIG)
    path = Path(named or "event-processor.toml")
    if not named and not path.exists():
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise ConfigurationError(f"{CONFIG}: there is no file {path}") from None
    except OSError as error:
        raise ConfigurationError(f"{CONFIG if named else path}: {error.strerror}: {path}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from None


def read_secrets(settings: Collection[str]) -> dict[str, Any]:
    """The files of the secrets folder that are named for one of these settings, as `gateway__password` is.
    The folder need not exist unless EVENT_PROCESSOR_SECRETS_FOLDER names it.
    """
    named = os.environ.get(SECRETS_FOLDER)
    folder = Path(named or "/run/secrets")
    if not named and not folder.is_dir():
        return {}
    found: dict[str, Any] = {}
    try:
        for path in sorted(folder.iterdir()):
            first, *rest = path.name.lower().split("__")
            if first in settings and path.is_file():
                _put(found, [first, *rest], path)
    except OSError as error:
        raise ConfigurationError(f"{SECRETS_FOLDER}: {error.strerror}: {folder}") from None
    return found


def feeds_by_name(found: dict[str, Any]) -> dict[str, Any]:
    """What variables or secrets files give, with the hyphens of feeds' names, for which they have underscores."""
    feeds = found.get("feeds")
    if not isinstance(feeds, dict):
        return found
    return found | {"feeds": {name.replace("_", "-"): feed for name, feed in feeds.items()}}


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not text in UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror}") from None


def _put(found: dict[str, Any], keys: list[str], path: Path) -> None:
    for key in keys[:-1]:
        found = found.setdefault(key, {})
        if not isinstance(found, dict):
            raise ConfigurationError(f"{path}: another file, {key}, gives the whole section")
    found[keys[-1]] = _text(path)
