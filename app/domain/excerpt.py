"""An excerpt of a body that was refused, as a line of the log may have it."""

import json
import re
from collections.abc import Collection
from typing import Any

from app.domain.limits import SMALL
from app.domain.mapping import Path
from app.domain.masking import MASK, masked, tokens_in


def excerpt(body: bytes, *, limit: int, token_paths: Collection[Path] = ()) -> str:
    """The first `limit` bytes as text, players' tokens masked where they are found: what is called one, and what the
    paths lead to. Bytes that are no UTF-8 are escaped.

    Of a large body, which takes long to read, and of what is no JSON, they are found by the names before them alone.
    Cut before it is masked: what looks for tokens takes long over bodies made to have it so.
    """
    shown = body[:limit].decode("utf-8", "backslashreplace")
    if len(body) > SMALL:
        return _masked_by_name(shown, token_paths)
    try:
        document = json.loads(body, object_pairs_hook=_unambiguous)
        return masked(shown, set(tokens_in(document, token_paths)))
    except (ValueError, RecursionError):
        return _masked_by_name(shown, token_paths)


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError where a key is there twice: one of the two values would be found, and both be shown."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("the same key twice")
    return members


def _masked_by_name(shown: str, token_paths: Collection[Path]) -> str:
    """Without each text behind such a name, and to its end without the first array or object behind one."""
    named = {next((step for step in reversed(path) if isinstance(step, str)), "token") for path in token_paths}
    names = "|".join([r'[^"\\]*token[^"\\]*', *sorted(map(re.escape, named))])
    found = re.compile(rf'("(?:{names})"\s*:\s*)(?:"(?:[^"\\]|\\.)*(?:"|$)|([\[{{]).*)', re.IGNORECASE | re.DOTALL)
    return found.sub(lambda match: match[1] + (MASK if match[2] else f'"{MASK}"'), shown)
