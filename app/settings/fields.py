"""Where each field of our schema is found in an operator's payload: `[feeds.NAME.fields]`."""

import json
import re
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, Field, model_validator
from pydantic_settings import NoDecode

from app.domain.mapping import Path, Source
from app.settings.sections import SECTION
from app.settings.values import Text

MAX_STEPS = 32
_OTHER_NOTATION = re.compile(r"\$\.|/|.*\[")  # JSONPath, JSON Pointer, brackets: as keys, they would find nothing
MAX_PLACE = 1000  # in an array: the documented example has one with all places before it

Constant = Annotated[Text, Field(max_length=200)]


def _paths(value: Any) -> list[Path]:
    """One path, or alternatives: each as text, whose dots divide its steps, or as an array of steps."""
    alternatives = value if isinstance(value, list) else [value]
    if not alternatives:
        raise ValueError("must name a path")
    return [_path(each) for each in alternatives]


def _path(value: Any) -> Path:
    match value:
        case str() if _OTHER_NOTATION.match(value):
            raise ValueError(
                'a path has dots between its keys, "items.0.id", or is an array of them, [["items", 0, "/id"]]'
            )
        case str():
            steps = [int(step) if re.fullmatch("[0-9]{1,9}", step) else step for step in value.split(".")]
        case list():
            steps = value
        case _:
            raise ValueError('a path is text, "data.id", or an array of its steps, ["data", "id"]')
    if not 0 < len(steps) <= MAX_STEPS or not all(map(_is_step, steps)) or not isinstance(steps[0], str):
        raise ValueError(f"a path is a key, then keys, none of them empty, and places in an array: 0, 1, … {MAX_PLACE}")
    return tuple(steps)


def _is_step(step: Any) -> bool:
    return (isinstance(step, str) and step != "") or (type(step) is int and 0 <= step <= MAX_PLACE)


class FieldSettings(BaseModel):
    """Where a field is found: the first of the paths that is there, else the default; or a constant."""

    model_config = SECTION

    path: Annotated[list[Path], NoDecode, BeforeValidator(_paths)] = []
    default: Constant | None = None
    constant: Constant | None = None
    values: dict[Text, Constant] = {}

    @model_validator(mode="after")
    def _is_one_or_the_other(self) -> Self:
        if bool(self.path) == (self.constant is not None):
            raise ValueError("is either a path or a constant")
        if self.constant is not None and (self.default is not None or self.values):
            raise ValueError("a constant has no default and no values")
        return self

    def source(self) -> Source:
        """Where the field comes from, for the domain."""
        return Source(paths=tuple(self.path), default=self.default, constant=self.constant, values=self.values)


def _table(value: Any) -> Any:
    """A path or alternatives alone stand for a table with nothing else; a variable may hold JSON."""
    if isinstance(value, str) and value.lstrip()[:1] in {"[", "{"}:
        try:
            value = json.loads(value)
        except (json.JSONDecodeError, RecursionError):
            raise ValueError("not JSON, though it begins like it") from None
    return {"path": value} if isinstance(value, (str, list)) else value


Place = Annotated[FieldSettings | None, NoDecode, BeforeValidator(_table)]


class FieldsSettings(BaseModel):
    """The fields of an event that are found elsewhere than under our own names."""

    model_config = SECTION

    event_id: Place = None
    event_type: Place = None
    brand_id: Place = None
    player_id: Place = None
    player_country: Place = None
    player_token: Place = None
    game_code: Place = None
    provider_id: Place = None
    round_id: Place = None
    amount: Place = None
    currency: Place = None
    occurred_at: Place = None
    status: Place = None
    stake_type: Place = None
    bonus_amount: Place = None

    def given(self) -> dict[str, FieldSettings]:
        """Those that the configuration or the profile names."""
        return {name: place for name, place in self if place is not None}
