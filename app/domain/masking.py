"""Masks players' session tokens in what is shown to people. Everything else stays as it is, to the byte."""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any

from app.domain.mapping import Path

MASK = "***"
_SHORTEST_FOUND_ANYWHERE = 6  # a shorter token is masked under its name only: it would be found in everything

# A name with `token` in it, and its text or number: which may be cut off, since answers are kept in part.
_NAMED = re.compile(r'("[^"\\]*token[^"\\]*"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|$)|-?\d[\w.+-]*)', re.IGNORECASE)
_DECODER = json.JSONDecoder()
_LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|-?\d[\w.+-]*', re.DOTALL)


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
    long = {token for token in known if len(token) >= _SHORTEST_FOUND_ANYWHERE}
    text = _NAMED.sub(rf'\1"{MASK}"', text)
    text = without_literals(text, long, end=len(text))
    for token in sorted(long, key=len, reverse=True):
        for form in _forms(token):
            text = text.replace(form, MASK)
    return text


def without_literals(text: str, known: Collection[str], *, end: int) -> str:
    """The text up to its end, without the JSON texts and numbers that are one of those known, however their characters
    are escaped: also the one that the end would cut.
    """
    kept, at = list[str](), 0
    for literal in _LITERAL.finditer(text):
        if literal.start() >= end:
            break
        if _read(literal[0]) in known:
            kept.append(f'{text[at : literal.start()]}"{MASK}"')
            at = literal.end()
    return "".join([*kept, text[at:end]])


def _read(literal: str) -> str:
    """A text as it is meant, a number as it is written; what only looks like a text as it is."""
    if "\\" not in literal:
        return literal.strip('"')
    try:
        return str(_DECODER.decode(literal))
    except ValueError:
        return literal


def _forms(token: str) -> set[str]:
    """How it is written inside of a longer text, JSON or not. Some senders escape slashes too."""
    inner = {json.dumps(token, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False)}
    return {token, *inner, *(form.replace("/", r"\/") for form in inner)}
