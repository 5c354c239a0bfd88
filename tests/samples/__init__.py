"""Payloads as operators' platforms send them, each with the configuration that connects it."""

import json
import tomllib
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent
API_KEY = "a-key-of-16-characters"


def names(folder: str) -> list[str]:
    return sorted(path.stem for path in (FOLDER / folder).glob("*.json"))


def body(name: str) -> bytes:
    """A payload, byte for byte."""
    return (FOLDER / f"{name}.json").read_bytes()


def fields(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(body(name))
    return found


def configuration(name: str) -> dict[str, Any]:
    """The sections of the configuration that connect it."""
    return tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))


def of_profile(name: str, **changes: Any) -> dict[str, Any]:
    """The section of a feed with a profile, for events of brand1."""
    return {"profile": name, "api_keys": [API_KEY], "fields": {"brand_id": {"constant": "brand1"}}} | changes
