"""Ready-made mappings for the common shapes of payloads, used by name: a TOML file each, in the words of a feed."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

PROFILES = ("activity-list", "flat-cents", "nested-decimal", "payment-notification", "wallet-transaction")


@cache
def profile(name: str) -> dict[str, Any]:
    """The settings of a feed that the profile gives. `name` is one of PROFILES."""
    return tomllib.loads((files(__name__) / f"{name}.toml").read_text(encoding="utf-8"))
