"""Where the mistakes of an event are in the body that it came in."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.api.problems import Refusal
from app.domain.document import Document


@dataclass(frozen=True, slots=True)
class Found:
    """An event in a body. It is at the pointer `at`, but for what is `moved`: ours to where that is."""

    document: Document
    at: str
    moved: Mapping[str, str]

    def placed(self, refusal: Refusal) -> Refusal:
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
