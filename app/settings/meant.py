"""The setting that was probably meant by a key or a variable that is none."""

from collections.abc import Iterator, Sequence
from typing import Any, get_args, get_type_hints

from pydantic import BaseModel

from app.domain.suggestion import suggestion
from app.settings.settings import Settings
from app.settings.sources import PREFIX


def meant_by_key(location: Sequence[str | int]) -> str:
    """To stand behind what is wrong with the key at a place of the configuration; nothing where none is like it."""
    section: type[BaseModel] | None = Settings
    for step in location[:-1]:
        section = _below(section, step) if section else None
    return suggestion(str(location[-1]), section.model_fields) if section else ""


def meant_by_variable(name: str) -> str:
    """The same for the name of a variable, without its prefix; one underscore for two is the usual mistake."""
    return suggestion(name, (each.upper() for each in _names(Settings)), prefix=PREFIX)


def _below(section: type[BaseModel], step: str | int) -> type[BaseModel] | None:
    if isinstance(step, int):
        return section
    field = section.model_fields.get(step)
    others = get_type_hints(section).get("__pydantic_extra__")
    return next(_sections(field.annotation if field else others), None)


def _sections(annotation: Any) -> Iterator[type[BaseModel]]:
    """The sections in what a setting may be: itself, or one of a list, or nothing."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for each in get_args(annotation):
        yield from _sections(each)


def _names(section: type[BaseModel]) -> Iterator[str]:
    for name, field in section.model_fields.items():
        yield name
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from (f"{name}__{each}" for each in _names(field.annotation))
