"""docs/mapping.md is true: its configuration is valid, and its payloads are read by it."""

import json
import re
from decimal import Decimal
from pathlib import Path

from app.api.reading import Reader
from app.domain.document import read
from app.domain.mapping import FIELDS
from app.settings.profiles import PROFILES, profile
from tests import samples
from tests.unit.settings import SECRET, loaded, toml

PAGE = (Path(__file__).parents[3] / "docs" / "mapping.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_the_first_example_is_read_as_it_is_configured() -> None:
    configuration, *_ = blocks("toml")
    (payload,) = blocks("json")
    feed = loaded(toml() + configuration.replace("whsec_…", SECRET)).feed_values()[-1]

    event = Reader(feed).event(read(payload.encode()).fields)

    assert ("casino", "81", Decimal("2.50"), "r-9") == (
        event.key.feed,
        event.key.event_id,
        event.amount,
        event.round_id,
    )


def test_the_example_of_a_profile_is_valid() -> None:
    *_, configuration = blocks("toml")

    assert loaded(toml() + configuration.replace("…", "a-key-of-16-characters")).feed_values()[-1].mapping


def test_every_profile_is_listed_with_its_kind_and_the_sample_that_is_tried() -> None:
    expected = [(name, profile(name)["kind"], samples.fields(f"profiles/{name}")) for name in PROFILES]
    rows = re.findall(r"^\| `([\w-]+)` \| (bet|deposit) \| `(\{.*\})` \|$", PAGE, re.MULTILINE)

    assert sorted(expected, key=str) == sorted(((name, kind, json.loads(text)) for name, kind, text in rows), key=str)


def test_every_field_is_listed() -> None:
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (?:yes|no|for|with)", PAGE, re.MULTILINE)

    assert sorted(FIELDS) == sorted(name for row in rows for name in re.findall(r"\w+", row))
