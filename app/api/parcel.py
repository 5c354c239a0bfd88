"""A batch's body, cut into events: each is found as it would be, had it come alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from app.api import problems
from app.api.arriving import too_large
from app.api.places import Found
from app.api.problems import Refusal
from app.domain.batch import SHARED
from app.domain.cutting import Cutting, Piece
from app.domain.document import Document, MalformedDocumentError
from app.domain.feed import Feed
from app.domain.mapping import pointer

Form = Callable[[Piece, Mapping[str, Piece], str, int], Found]
"""How an event is found in its piece of a batch, beside what is shared: its place in the body and the depth that it may
have are given. Raises MalformedDocumentError, Refusal.
"""


@dataclass(frozen=True, slots=True)
class Skipped:
    """The event is another feed's; nothing was done."""


def alone(piece: Piece, shared: Mapping[str, Piece], at: str, depth: int) -> Found:
    """An event as it is sent alone. Raises MalformedDocumentError."""
    document = piece.document(shared, depth=depth)
    around = {(place := pointer((name,))): place for name in shared if name not in piece.value}
    return Found(document, at, around)


class Parcel:
    """A body with events in a form, each of up to `largest` bytes."""

    def __init__(self, feed: Feed, body: bytes, form: Form, *, largest: int) -> None:
        self._feed = feed
        self._body = body
        self._form = form
        self._largest = largest
        self._items, self._wanted = (feed.batch.items, feed.batch.shared) if form is alone else ((), ())
        self._shared: Mapping[str, Piece] = {}

    def pieces(self) -> Iterator[Piece]:
        """The events as they stand there, one after the other. Raises Refusal, at any of them, for the whole body."""
        limit = self._feed.largest_batch
        try:
            cutting = Cutting(self._body, items=self._items, shared=self._wanted)
            self._shared = cutting.shared
            for count, piece in enumerate(cutting.pieces(), 1):
                if count > limit:
                    raise Refusal(problems.TOO_LARGE, f"more than {limit} events")
                yield piece
            if sum(len(piece.text.encode()) for piece in cutting.shared.values()) > SHARED:
                raise Refusal(problems.TOO_LARGE, f"what the events share has more than {SHARED} bytes")
        except MalformedDocumentError as error:
            raise Refusal(problems.MALFORMED, str(error)) from None

    def event(self, index: int, piece: Piece) -> Found | Skipped:
        """The event in a piece, once all are cut. Raises Refusal, for it alone."""
        if len(piece.text) > self._largest or len(piece.text.encode()) > self._largest:
            raise too_large(self._largest)
        try:
            found = self._form(piece, self._shared, f"{pointer(self._items)}/{index}", self._feed.limits.depth)
        except MalformedDocumentError as error:
            raise Refusal(problems.MALFORMED, str(error)) from None
        return Skipped() if (found.told or found).read(self._is_other) else found

    def _is_other(self, document: Document) -> bool:
        """Whether the event is another feed's, and may be. Raises Refusal."""
        batch = self._feed.batch
        match batch.whose(document.fields):
            case "ours":
                return False
            case "others" if batch.others == "skipped":
                return True
            case "others":
                said, expected = "it is none of the events that this feed takes", "must be one of "
            case "unsaid":
                said, expected = "it does not say which event it is", "is needed, as text: for this feed one of "
        one = {"pointer": pointer(batch.told_by), "detail": expected + ", ".join(sorted(batch.taken))}
        raise Refusal(problems.INVALID, said, errors=[one])
