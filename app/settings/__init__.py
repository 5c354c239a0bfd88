"""The settings: a TOML file, overridden by files in a secrets folder and by environment variables; checked at start."""

from app.settings.loading import ConfigurationError, load
from app.settings.settings import CONFIG, PREFIX, Settings

__all__ = ["CONFIG", "PREFIX", "ConfigurationError", "Settings", "load"]
