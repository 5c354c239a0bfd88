"""The forms of single values."""

from datetime import timedelta

import pytest

from app.settings.values import duration_text
from tests.unit.settings import loaded, toml


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("500ms", timedelta(milliseconds=500)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("90d", timedelta(days=90)),
        (" 30s ", timedelta(seconds=30)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, expected: timedelta) -> None:
    assert expected == loaded(toml(server__drain=f'"{text}"')).server.drain


@pytest.mark.parametrize("text", ["1ms", "1500ms", "30s", "90s", "5m", "90m", "23h", "1d", "90d"])
def test_a_duration_is_printed_as_it_is_written(text: str) -> None:
    assert text == loaded(toml(server__drain=f'"{text}"')).model_dump(mode="json")["server"]["drain"]


@pytest.mark.parametrize(
    ("duration", "expected"),
    [(timedelta(hours=24), "1d"), (timedelta(seconds=60), "1m"), (timedelta(seconds=2), "2s")],
)
def test_a_duration_is_printed_in_the_largest_unit_that_is_exact(duration: timedelta, expected: str) -> None:
    assert expected == duration_text(duration)


@pytest.mark.parametrize("text", ['"0.50"', '"0"', "1", '"123456789012345678.123456789012345678"'])
def test_a_minimum_amount_keeps_every_digit(text: str) -> None:
    assert text.strip('"') == str(loaded(toml(feeds__bet__minimum_amount=text)).feeds.bet.minimum_amount)
