"""The room for large bodies: how much of them a process holds at once, whoever sends them."""

from app.api import problems
from app.api.problems import Refusal
from app.domain.limits import SMALL


class LargeBodies:
    """Room for `size` bytes beyond the first SMALL of each body."""

    def __init__(self, size: int) -> None:
        self._left = size

    def grow(self, length: int, more: int) -> None:
        """Make room for so many bytes more, of a body of this length. Raises Refusal, and takes nothing, where there is
        not so much left.
        """
        taken = _beyond(length + more) - _beyond(length)
        if taken > self._left:
            # Closed, rather than that the rest is read.
            detail, headers = "too many large bodies are held at this moment", {"Connection": "close"}
            raise Refusal(problems.OVERLOADED, detail, headers=headers)
        self._left -= taken

    def release(self, length: int) -> None:
        """A body of this length is held no longer."""
        self._left += _beyond(length)


def _beyond(length: int) -> int:
    return max(0, length - SMALL)
