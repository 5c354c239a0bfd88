"""A story: bytes for one connection, and everything that may rightly come of them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import count
from random import Random
from typing import Any

from tests import examples

HUNG_UP = 0  # among statuses: that the service may hang up without an answer

RECORDED = frozenset({202})
ANSWERED = frozenset({200})
MALFORMED = frozenset({400})
ANY = frozenset({HUNG_UP, 200, 202, 400, 401, 403, 404, 405, 409, 413, 415, 422})


class Ending(Enum):
    """What the sender does once its bytes are sent."""

    WAIT = "waits for its answers"
    HALF_CLOSE = "says that no more will come, and waits"
    RESET = "is gone at once"
    DRIP = "goes on, a byte at a time, until it is hung up on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`pieces` go out one after the other. `statuses` are those that each of at most `answers` answers may have.

    Where the pieces are `whole` requests, the connection must be good for another one if it is kept. `accepted` are
    the ids of the events acknowledged, in order, where that is known beforehand; `results` what becomes of each event
    of a batch: its id where it is recorded, `skipped`, or the status that it is refused with. `never` are the ids of
    events that must not be recorded; `maybe` of those that may be without anybody being told.
    """

    name: str
    pieces: tuple[bytes, ...]
    statuses: frozenset[int] = ANY
    answers: int = 1
    whole: bool = True
    head: bool = False
    accepted: tuple[str, ...] | None = None
    results: tuple[str, ...] | None = None
    never: tuple[str, ...] = ()
    maybe: tuple[str, ...] = ()
    ending: Ending = Ending.WAIT


class Bets:
    """Valid bets, each with an id of its own."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._numbers = count()

    def next(self, **changes: Any) -> dict[str, Any]:
        return examples.bet(event_id=f"fuzz-{self._seed}-{next(self._numbers)}") | changes


Shape = Callable[[Random, Bets], Iterator[Story]]
