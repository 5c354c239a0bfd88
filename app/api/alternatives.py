"""Fields that may be at several places: null at one of them is nothing, so the next one is looked at."""

from collections.abc import Iterable
from typing import Any

from app.domain.mapping import FieldMapping, Path


def alternatives(mapping: FieldMapping) -> tuple[Path, ...]:
    """The places of the fields that may be at several."""
    several = [path for source in mapping.sources.values() if len(source.paths) > 1 for path in source.paths]
    return tuple(dict.fromkeys(several))


def without_nulls(fields: dict[str, Any], paths: Iterable[Path]) -> dict[str, Any] | None:
    """The fields without what is null at one of these places, for another reading; None where nothing is."""
    nulls = [path for path in paths if _is_null(fields, path)]
    for path in nulls:
        fields = _without(fields, path)
    return fields if nulls else None


def is_there(fields: dict[str, Any], path: Path) -> bool:
    """Whether something is at the place, so that none behind it is looked at."""
    return _at(fields, path, nothing=None) is not None


def _is_null(fields: dict[str, Any], path: Path) -> bool:
    return _at(fields, path, nothing=...) is None


def _at(value: Any, path: Path, *, nothing: Any) -> Any:
    """What is there, as pydantic finds it: text has no places in it."""
    for step in path:
        if isinstance(value, str):
            return nothing
        try:
            value = value[step]
        except (LookupError, TypeError):
            return nothing
    return value


def _without(value: Any, path: Path) -> dict[Any, Any]:
    """A copy. An array is an object by its places in it, or those behind would move up; pydantic reads both alike."""
    copy = dict(enumerate(value)) if isinstance(value, list) else dict(value)
    if path[1:]:
        copy[path[0]] = _without(copy[path[0]], path[1:])
    else:
        del copy[path[0]]
    return copy
