"""Where the mistakes of an event are in the body that it came in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from app.api.problems import Refusal
from app.domain.document import Document

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event is in a body: at the pointer `at`, but for what is `moved`, ours to where that is; and for what is
    in no place of the body but `beside` it, ours to the header's name.
    """

    at: str
    moved: Mapping[str, str]
    beside: Mapping[str, str]

    def placed(self, refusal: Refusal) -> Refusal:
        """The refusal of the event, with the place of each mistake in the body."""
        if refusal.errors is None:
            return refusal
        errors = [self._located(each["pointer"], each["detail"]) for each in refusal.errors]
        return Refusal(refusal.kind, refusal.detail, errors=errors)

    def _located(self, found: str, detail: str) -> dict[str, str]:
        if header := self.beside.get(found):
            return {"pointer": "", "detail": f"the header {header} {detail}"}
        return {"pointer": self._place(found), "detail": detail}

    def _place(self, found: str) -> str:
        for ours, theirs in self.moved.items():
            if found == ours or found.startswith(f"{ours}/"):
                return theirs + found.removeprefix(ours)
        return self.at + found


@dataclass(frozen=True, slots=True)
class Found:
    """An event in a body, and where it is there, as a place says it. Where whose it is shows by what is no part of it,
    `told` is the event with that.
    """

    document: Document
    at: str
    moved: Mapping[str, str]
    beside: Mapping[str, str] = field(default_factory=dict)
    told: "Found | None" = None

    @property
    def place(self) -> Place:
        """To be kept where the event is not: what is parsed is many times as large as its text."""
        return Place(self.at, self.moved, self.beside)

    def read(self, reading: Callable[[Document], Meaning]) -> Meaning:
        """What the event is read as. Raises the refusal of who reads it, placed."""
        try:
            return reading(self.document)
        except Refusal as refusal:
            raise self.placed(refusal) from None

    def placed(self, refusal: Refusal) -> Refusal:
        """The refusal of the event, with the place of each mistake in the body."""
        return self.place.placed(refusal)
