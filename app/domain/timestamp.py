"""The moments that timestamps mean which are not RFC 3339: written without a zone, or counted since the epoch."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from app.domain.money import EXACT

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNITS = {6: "seconds", 3: "milliseconds"}  # by how many of their decimal places are microseconds
_DIGITS = 20  # of a number of microseconds, or of its fraction: far beyond any date
_ISO = re.compile(
    r"(\d{4}-\d{2}-\d{2})[Tt ](\d{1,2})(:\d{2}(?::\d{2}(?:[.,]\d+)?)?) ?([Zz]|[+-]\d{2}(?::?\d{2})?)?", re.ASCII
)


def from_iso(text: str, zone: tzinfo) -> datetime:
    """The moment in a date and time of ISO 8601; one that names no zone is a time of `zone`. The hour may have one
    digit, and a space may stand for the T.

    A time that the clocks show twice, when summer time ends, is the first of the two. One that they skip, when it
    begins, is counted on from before the change: 02:30 is 03:30. Raises ValueError.
    """
    if match := _ISO.fullmatch(text):
        date, hour, rest, offset = match.groups()
        try:
            moment = datetime.fromisoformat(f"{date}T{hour:0>2}{rest}{(offset or '').upper()}")
            return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
        except (ValueError, OverflowError):
            pass  # the text of these would show what was sent
    raise ValueError("must be a date and time: 2026-11-22 12:00:00")


def from_epoch(number: Decimal, *, digits: int) -> datetime:
    """The moment that is `number` units after 1970-01-01 in UTC. `digits` of its decimal places are microseconds: 6 of
    seconds, 3 of milliseconds; what is finer is dropped. Raises ValueError.
    """
    if number.is_finite() and abs(number.adjusted()) < _DIGITS:
        try:
            return EPOCH + int(EXACT.scaleb(number, digits)) * _MICROSECOND
        except OverflowError:
            pass
    raise ValueError(f"must be a time of the years 1 to 9999: the number is read as {_UNITS[digits]}")
