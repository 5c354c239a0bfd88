"""What a feed reads its events with: its schema, made once, at start; and what is decided on what it read."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from app.api import mapped, problems, schema
from app.api.alternatives import alternatives, without_nulls
from app.api.mistakes import for_batches, foreign_brand, invalid
from app.api.problems import Refusal
from app.domain import document
from app.domain.document import Document
from app.domain.event import Event
from app.domain.feed import Feed, decide
from app.domain.mapping import Path
from app.ledger.recording import Entry


class Reader:
    """Reads a feed's events. `places` is what to say of what is missing and may be at several places."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.places: Mapping[Path, str] = {}
        self._alternatives: tuple[Path, ...] = ()
        model: type[BaseModel] = schema.SCHEMAS[feed.kind]
        self._event_of: Callable[[Feed, Any], Event] = schema.event_of
        if feed.mapping:
            self.places = mapped.places(feed.mapping)
            self._alternatives = alternatives(feed.mapping)
            model = mapped.schema_of(feed.name, feed.kind, feed.mapping)
            self._event_of = mapped.event_of
        self._validate = model.model_validate

    def event(self, fields: dict[str, Any]) -> Event:
        """The event in a body's fields. Raises pydantic's ValidationError."""
        try:
            body = self._validate(fields)
        except ValidationError:
            rest = without_nulls(fields, self._alternatives)
            if rest is None:
                raise
            body = self._validate(rest)
        return self._event_of(self.feed, body)

    def parsed(self, body: bytes) -> Document:
        """A body, parsed. Raises Refusal."""
        try:
            return document.read(body, depth=self.feed.limits.depth)
        except document.ArrayError as error:
            raise for_batches(self.feed, Refusal(problems.MALFORMED, str(error))) from None
        except document.MalformedDocumentError as error:
            raise Refusal(problems.MALFORMED, str(error)) from None

    def posted(self, body: bytes) -> Entry:
        """What to record of a body that was posted as an event. Raises Refusal, which says so where it is a batch."""
        read = self.parsed(body)
        try:
            return self.entry(read)
        except Refusal as refusal:
            if refusal.kind is problems.INVALID and self.feed.batch.is_in(read.fields):
                raise for_batches(self.feed, refusal) from None
            raise

    def checked(self, read: Document) -> Event:
        """The event in a document, of one of the feed's brands. Raises Refusal."""
        try:
            event = self.event(read.fields)
        except ValidationError as error:
            raise invalid(error, self.places) from None
        if event.key.brand_id not in self.feed.brands:
            raise foreign_brand(self.feed, event.key.brand_id)
        return event

    def entry(self, read: Document) -> Entry:
        """What to record of a document: its event, and the decision on it. Raises Refusal."""
        event = self.checked(read)
        return Entry(key=event.key, fingerprint=read.fingerprint, payload=read.text, decision=decide(self.feed, event))
