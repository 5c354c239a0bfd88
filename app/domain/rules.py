"""Contribution rules: which sources of the Gateway an event contributes to."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from string import Formatter

from app.domain.event import Event


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Events that match every list given contribute to `source_id`; an empty list matches all.

    `source_id` is a template over the event's fields (`{game_code}`); `game_codes` are globs.
    """

    source_id: str
    game_codes: tuple[str, ...] = ()
    provider_ids: tuple[str, ...] = ()
    currencies: tuple[str, ...] = ()

    def source_for(self, event: Event) -> str | None:
        """The source that the event contributes to by this rule, or None where it does not match
        or lacks a field that the template names.
        """
        if self.provider_ids and event.provider_id not in self.provider_ids:
            return None
        if self.currencies and event.currency not in self.currencies:
            return None
        if self.game_codes and not _matches(event.game_code, self.game_codes):
            return None
        values = {name: _field(event, name) for name in template_fields(self.source_id)}
        return None if None in values.values() else self.source_id.format_map(values)


def sources(rules: Iterable[Rule], event: Event) -> tuple[str, ...]:
    """Every source that the event contributes to, each once, in the order of the rules."""
    found = [rule.source_for(event) for rule in rules]
    return tuple(dict.fromkeys([source for source in found if source is not None]))


@cache
def template_fields(template: str) -> frozenset[str]:
    """The fields that a template names. Raises ValueError for a template that is not plain text and `{field}`s."""
    names = set[str]()
    for _, name, spec, conversion in Formatter().parse(template):
        if name is None:
            continue
        if not name.isidentifier() or spec or conversion:
            raise ValueError(f"a field of a template is written {{name}}, not {{{name}…}}")
        names.add(name)
    return frozenset(names)


def _matches(game_code: str | None, globs: tuple[str, ...]) -> bool:
    return game_code is not None and any(fnmatchcase(game_code, glob) for glob in globs)


def _field(event: Event, name: str) -> str | None:
    match name:
        case "feed" | "brand_id":
            value: str | None = getattr(event.key, name)
        case _:
            value = getattr(event, name)
    return value
