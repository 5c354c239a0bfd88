"""The limits of a feed: how often its sender may post, how much at a time, and how deeply nested."""

from dataclasses import dataclass

from app.domain.document import MAX_DEPTH
from app.domain.rate import Rate

# Bytes of each body that need no room among the large ones; events sent alone have no more by default.
SMALL = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`rate` holds for a process, and is None where there is none; `body` is in bytes, and None where it is the
    server's; `depth` is in levels, at most MAX_DEPTH.
    """

    rate: Rate | None = None
    body: int | None = None
    depth: int = MAX_DEPTH


UNLIMITED = Limits()
