"""Masks players' session tokens in what is shown to people. Everything else stays as it is, to the byte."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from app.domain.mapping import Path

MASK = "***"
_SHORTEST_FOUND_ANYWHERE = 6  # a shorter token is masked under its name only: it would be found in everything

# A name with `token` in it, and its text: which may be cut off, since answers are kept in part.
_NAMED = re.compile(r'("[^"\\]*token[^"\\]*"\s*:\s*)"(?:[^"\\]|\\.)*("|$)', re.IGNORECASE)


def tokens(document: str) -> set[str]:
    """The tokens in a JSON document, wherever they are in it; none in what is no JSON."""
    try:
        return set(tokens_in(json.loads(document)))
    except (ValueError, RecursionError):
        return set()


def tokens_in(value: Any, paths: Collection[Path] = ()) -> Iterator[str]:
    """The texts under what is called a token, and at the ends of the paths, from wherever these begin. Raises
    RecursionError.
    """
    for path in paths:
        yield from _texts(_at(value, path))
    match value:
        case dict():
            for name, inner in value.items():
                yield from _texts(inner) if "token" in name.lower() else tokens_in(inner, paths)
        case list():
            for inner in value:
                yield from tokens_in(inner, paths)


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict() | list():
            for inner in value.values() if isinstance(value, dict) else value:
                yield from _texts(inner)


def _at(value: Any, path: Path) -> Any:
    """What is there, or None."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def masked(text: str, known: Iterable[str]) -> str:
    """The text without what it calls a token, and without the tokens that are known."""
    text = _NAMED.sub(rf'\1"{MASK}"', text)
    for token in sorted(known, key=len, reverse=True):
        if len(token) >= _SHORTEST_FOUND_ANYWHERE:
            for form in (token, json.dumps(token)[1:-1], json.dumps(token, ensure_ascii=False)[1:-1]):
                text = text.replace(form, MASK)
    return text
