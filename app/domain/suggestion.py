"""What was probably meant by a name that nothing has."""

from collections.abc import Iterable
from difflib import get_close_matches

_LIKE = 0.75  # prot is like port, and secret is not like insecure


def suggestion(name: str, names: Iterable[str], *, prefix: str = "") -> str:
    """To stand behind what is wrong with the name: the most similar of the names, behind a prefix; or nothing."""
    found = get_close_matches(name, names, n=1, cutoff=_LIKE)
    return f"; did you mean {prefix}{found[0]}?" if found else ""
