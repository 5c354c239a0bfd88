"""Where the mistakes of an event are in the body that it came in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from app.api.problems import Refusal
from app.domain.document import Document

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Found:
    """An event in a body. It is at the pointer `at`, but for what is `moved`: ours to where that is."""

    document: Document
    at: str
    moved: Mapping[str, str]

    def read(self, reading: Callable[[Document], Meaning]) -> Meaning:
        """What the event is read as. Raises the refusal of who reads it, placed."""
        try:
            return reading(self.document)
        except Refusal as refusal:
            raise self._placed(refusal) from None

    def _placed(self, refusal: Refusal) -> Refusal:
        """The refusal of the event, with the place of each mistake in the body."""
        if refusal.errors is None:
            return refusal
        errors = [each | {"pointer": self._place(each["pointer"])} for each in refusal.errors]
        return Refusal(refusal.kind, refusal.detail, errors=errors)

    def _place(self, found: str) -> str:
        for ours, theirs in self.moved.items():
            if found == ours or found.startswith(f"{ours}/"):
                return theirs + found.removeprefix(ours)
        return self.at + found
