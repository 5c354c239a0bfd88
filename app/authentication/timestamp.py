"""When a request was signed, as its sender writes it, and how long it is good for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

Form = Literal["seconds", "milliseconds", "rfc3339"]

_LONGEST = {"seconds": len("9999999999"), "milliseconds": len("9999999999999")}
_MEANING: dict[Form, str] = {
    "seconds": "a number of seconds since the epoch",
    "milliseconds": "a number of milliseconds since the epoch",
    "rfc3339": "a time with its offset, such as 2026-11-22T12:00:00Z",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timestamp:
    """Where the time is told: in a header of its own, or as a parameter of the signature's header."""

    tolerance: timedelta
    header: str = ""
    parameter: str = ""
    form: Form = "seconds"

    @property
    def name(self) -> str:
        """What it is called, to its sender."""
        return self.header or self.parameter

    @property
    def meaning(self) -> str:
        """What it is, in words."""
        return _MEANING[self.form]

    def refusal(self, text: str, *, now: float) -> str | None:
        """Why this is not the time of a request that may be taken now, in words for its sender, or None when it is."""
        seconds = _seconds(text, self.form)
        if self._is_present(seconds, now):
            return None
        for form, meaning in _MEANING.items():
            if self._is_present(_seconds(text, form), now):
                return f"{self.name} is {meaning}, and not {self.meaning}: signature.timestamp_form, or the sender"
        if seconds is None:
            return f"{self.name} is not {self.meaning}"
        return f"{self.name} is too far from the present: check the sender's clock"

    def text(self, timestamp: int) -> str:
        """A time in seconds since the epoch, as the sender writes it."""
        match self.form:
            case "seconds":
                return str(timestamp)
            case "milliseconds":
                return str(timestamp * 1000)
            case "rfc3339":
                return datetime.fromtimestamp(timestamp, UTC).isoformat().replace("+00:00", "Z")

    def _is_present(self, seconds: float | None, now: float) -> bool:
        return seconds is not None and abs(now - seconds) <= self.tolerance.total_seconds()


def _seconds(text: str, form: Form) -> float | None:
    if form == "rfc3339":
        return _moment(text)
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST[form]):
        return None
    return int(text) / 1000 if form == "milliseconds" else int(text)


def _moment(text: str) -> float | None:
    try:
        moment = datetime.fromisoformat(text)
        return moment.timestamp() if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
