"""The moments that operators' timestamps mean."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.domain.timestamp import from_epoch, from_iso

MALTA = ZoneInfo("Europe/Malta")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-11-22T13:00:00", NOON),
        ("2026-11-22 13:00:00", NOON),
        ("2026-11-22 13:00", NOON),
        ("2026-11-22 9:05:07", datetime(2026, 11, 22, 8, 5, 7, tzinfo=UTC)),
        ("2026-07-01 09:00:00", datetime(2026, 7, 1, 7, tzinfo=UTC)),
        ("2026-11-22 13:00:00.25", datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-22T13:00:00,123456789", datetime(2026, 11, 22, 12, 0, 0, 123_456, tzinfo=UTC)),
        ("2026-11-22T12:00:00Z", NOON),
        ("2026-11-22t12:00:00z", NOON),
        ("2026-11-22T12:00:00+00:00", NOON),
        ("2026-11-22 9:00:00 -0300", NOON),
        ("2026-11-22T14:00:00+02", NOON),
    ],
)
def test_a_time_without_a_zone_is_one_of_the_feeds_zone(text: str, expected: datetime) -> None:
    assert expected == from_iso(text, MALTA)


def test_a_time_that_the_clocks_show_twice_is_the_first() -> None:
    assert datetime(2026, 10, 25, 0, 30, tzinfo=UTC) == from_iso("2026-10-25 02:30:00", MALTA)


def test_a_time_that_the_clocks_skip_is_counted_on_from_before() -> None:
    assert from_iso("2026-03-29 03:30:00", MALTA) == from_iso("2026-03-29 02:30:00", MALTA)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-22",
        "12:00:00",
        "22/11/2026 12:00:00",
        "2026-13-22 12:00:00",
        "2026-11-22 25:00:00",
        "2026-11-22 12:00:00 CET",
        "2026-11-22T12:00:00+99:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-11-22 12:00:00\n",
        "\uff12\uff10\uff12\uff16-11-22 12:00:00",
    ],
)
def test_what_is_no_time_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(ValueError, match=r"\Amust be a date and time: 2026-11-22 12:00:00\Z"):
        from_iso(text, MALTA)


@pytest.mark.parametrize(
    ("number", "digits", "expected"),
    [
        ("1795348800", 6, NOON),
        ("1795348800000", 3, NOON),
        ("1.7953488E9", 6, NOON),
        ("1795348800.000001", 6, NOON.replace(microsecond=1)),
        ("1795348800000.001", 3, NOON.replace(microsecond=1)),
        ("1795348800.9999999999999999999999999999", 6, NOON.replace(microsecond=999_999)),
        ("0", 6, datetime(1970, 1, 1, tzinfo=UTC)),
        ("-1.5", 6, datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC)),
    ],
)
def test_a_number_since_the_epoch_is_exact_to_the_microsecond(number: str, digits: int, expected: datetime) -> None:
    assert expected == from_epoch(Decimal(number), digits=digits)


@pytest.mark.parametrize("number", ["1795348800000", "1E999999", "-1E30", "NaN", "Infinity", "1E-999999"])
def test_a_number_beyond_all_dates_is_refused(number: str) -> None:
    """As milliseconds are, where seconds were configured."""
    with pytest.raises(
        ValueError, match=r"must be a time of the years 1 to 9999: the number is read as (milli)?seconds"
    ):
        from_epoch(Decimal(number), digits=6)
