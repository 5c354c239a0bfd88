"""The settings: a TOML file, overridden by files in a secrets folder and by environment variables; checked at start."""

from app.settings.loading import load
from app.settings.settings import Settings
from app.settings.sources import CONFIG, PREFIX, SECRETS_FOLDER, ConfigurationError

__all__ = ["CONFIG", "PREFIX", "SECRETS_FOLDER", "ConfigurationError", "Settings", "load"]
