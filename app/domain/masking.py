"""Masks players' session tokens in what is shown to people. Everything else stays as it is, to the byte."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

MASK = "***"
_SHORTEST_FOUND_ANYWHERE = 6  # a shorter token is masked under its name only: it would be found in everything

# A name with `token` in it, and its text: which may be cut off, since answers are kept in part.
_NAMED = re.compile(r'("[^"\\]*token[^"\\]*"\s*:\s*)"(?:[^"\\]|\\.)*("|$)', re.IGNORECASE)


def tokens(document: str) -> set[str]:
    """The tokens in a JSON document, wherever they are in it; none in what is no JSON."""
    try:
        return set(_tokens(json.loads(document)))
    except (ValueError, RecursionError):
        return set()


def _tokens(value: Any) -> Iterator[str]:
    match value:
        case dict():
            for name, inner in value.items():
                if isinstance(inner, str) and "token" in name.lower():
                    yield inner
                else:
                    yield from _tokens(inner)
        case list():
            for inner in value:
                yield from _tokens(inner)


def masked(text: str, known: Iterable[str]) -> str:
    """The text without what it calls a token, and without the tokens that are known."""
    text = _NAMED.sub(rf'\1"{MASK}"', text)
    for token in sorted(known, key=len, reverse=True):
        if len(token) >= _SHORTEST_FOUND_ANYWHERE:
            for form in (token, json.dumps(token)[1:-1], json.dumps(token, ensure_ascii=False)[1:-1]):
                text = text.replace(form, MASK)
    return text
