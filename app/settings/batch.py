"""The settings of a feed's batches: `[feeds.NAME.batch]`."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from app.domain.batch import BODY, LIMIT, Batch, Keys, Others
from app.settings.sections import SECTION
from app.settings.values import Texts, entries


def _keys(value: Any) -> Any:
    """From text, whose dots divide its keys, or a list of them, which a variable has as JSON."""
    steps = value
    if isinstance(value, str):
        steps = entries(value) if _is_none_or_list(value) else value.split(".")
    if not isinstance(steps, (list, tuple)) or not all(isinstance(step, str) and step for step in steps):
        raise ValueError('must be keys, "data.events", or an array of them, ["data", "events"]')
    return tuple(steps)


def _is_none_or_list(text: str) -> bool:
    return not text.strip() or text.lstrip().startswith("[")


Place = Annotated[Keys, NoDecode, BeforeValidator(_keys)]


class BatchSettings(BaseModel):
    """Where a batch has its events, how many they may be, and which are the feed's."""

    model_config = SECTION

    items: Place = ()
    shared: Texts = []
    limit: int = Field(LIMIT, ge=1, le=10_000, description="events")
    body_limit: int = Field(BODY, ge=1024, description="bytes")
    told_by: Place = ()
    taken: Texts = []
    others: Others = "skipped"

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if bool(self.told_by) != bool(self.taken):
            raise ValueError("told_by and taken need each other")
        if self.shared and not self.items:
            raise ValueError("shared needs items: where the body is the array, there is nothing beside it")
        if self.items and self.items[0] in self.shared:
            raise ValueError("shared cannot have the array of the events in it")
        return self

    def batch(self) -> Batch:
        """For the domain."""
        return Batch(
            items=self.items,
            shared=tuple(self.shared),
            limit=self.limit,
            body=self.body_limit,
            told_by=self.told_by,
            taken=frozenset(self.taken),
            others=self.others,
        )
