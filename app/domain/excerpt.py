"""An excerpt of a body that was refused, as a line of the log may have it."""

import json
import re
from collections.abc import Collection
from typing import Any

from app.domain.limits import SMALL
from app.domain.mapping import Path
from app.domain.masking import MASK, masked, tokens_in, without_literals


def excerpt(body: bytes, *, limit: int, token_paths: Collection[Path] = ()) -> str:
    """The first `limit` bytes as text, players' tokens masked where they are found: what is called one, and what the
    paths lead to, text or number. Bytes that are no UTF-8 are escaped.

    Of a large body, which takes long to read, and of what is no JSON, they are found by the names before them alone.
    Cut before it is masked: what looks for tokens takes long over bodies made to have it so.
    """
    shown = body[:limit].decode("utf-8", "backslashreplace")
    if len(body) > SMALL:
        return _masked_by_name(shown, token_paths)
    try:
        text = body.decode()
        # Numbers as they are written: so they are found again.
        document = json.loads(text, object_pairs_hook=_unambiguous, parse_int=str, parse_float=str)
        known = set(tokens_in(document, token_paths)) - {""}
    except (ValueError, RecursionError):
        return _masked_by_name(shown, token_paths)
    end = len(body[:limit].decode(errors="ignore"))
    return masked(without_literals(text, known, end=end), known)


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a key is there twice: one of the two values would be found, and both be shown."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("the same key twice")
    return members


def _masked_by_name(shown: str, token_paths: Collection[Path]) -> str:
    """Without each text and number behind such a name, and to its end without the first array or object behind one."""
    named = {next((step for step in reversed(path) if isinstance(step, str)), "token") for path in token_paths}
    names = "|".join([r'[^"\\]*token[^"\\]*', *sorted(map(re.escape, named))])
    scalar = r'"(?:[^"\\]|\\.)*(?:"|$)|-?\d[\w.+-]*'
    found = re.compile(rf'("(?:{names})"\s*:\s*)(?:{scalar}|([\[{{]).*)', re.IGNORECASE | re.DOTALL)
    return found.sub(lambda match: match[1] + (MASK if match[2] else f'"{MASK}"'), shown)
