"""What a feed reads its events with: its schema, made once, at start."""

from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from app.api import mapped, schema
from app.domain.event import Event
from app.domain.feed import Feed
from app.domain.mapping import Path


class Reader:
    """Reads a feed's events. `places` is what to say of what is missing and may be at several places."""

    def __init__(self, feed: Feed) -> None:
        self.feed = feed
        self.places: Mapping[Path, str] = {}
        model: type[BaseModel] = schema.SCHEMAS[feed.kind]
        self._event_of: Callable[[Feed, Any], Event] = schema.event_of
        if feed.mapping:
            self.places = mapped.places(feed.mapping)
            model = mapped.schema_of(feed.name, feed.kind, feed.mapping)
            self._event_of = mapped.event_of
        self._validate = model.model_validate

    def event(self, fields: dict[str, Any]) -> Event:
        """The event in a body's fields. Raises pydantic's ValidationError."""
        return self._event_of(self.feed, self._validate(fields))
