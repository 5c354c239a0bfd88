"""Rounds: all stories told to one service, a few at once, and after each round what must still hold."""

import asyncio
from dataclasses import dataclass, field
from random import Random

from tests.fuzz.books import Books
from tests.fuzz.service import FuzzedService
from tests.fuzz.shapes import stories
from tests.fuzz.story import RECORDED, Bets, Story
from tests.fuzz.telling import Told, tell
from tests.fuzz.writing import encoded, request

AT_ONCE = 16  # stories
WARM_UP = 2  # rounds after which memory has come to what it needs
GROWTH = 32 * 1024 * 1024  # bytes that it may have more at the end than after the warm-up
_SHOWN = 400  # bytes of a story that went wrong


@dataclass(slots=True)
class Rounds:
    """What one seed comes to on one service. `wrong` is all that did not hold, in words."""

    service: FuzzedService
    seed: int
    books: Books = field(default_factory=Books)
    told: int = 0
    memory: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = Random(self.seed)
        self._bets = Bets(self.seed)

    _random: Random = field(init=False)
    _bets: Bets = field(init=False)

    async def play(self, *, most: int | None = None) -> None:
        """One round, of `most` stories where that is given."""
        told = list(stories(self._random, self._bets))
        self._random.shuffle(told)
        turns = asyncio.Semaphore(AT_ONCE)
        await asyncio.gather(*(self._tell(story, turns) for story in told[:most]))
        await self._tell(self._plain(), turns)
        if self.service.alive:
            self.memory.append(self.service.memory)
        else:
            self.wrong.append(f"the process ended with {self.service.process.returncode}")

    async def close(self) -> None:
        """What must hold at the end."""
        await self.service.settled()
        self.wrong += self.books.wrong(await self.service.recorded())
        status, census = await self.service.census()
        if status != 0 or not census["balances"]:
            self.wrong.append(f"the ledger does not balance: {census}")
        if len(self.memory) > WARM_UP and (grown := self.memory[-1] - self.memory[WARM_UP - 1]) > GROWTH:
            self.wrong.append(f"memory grew by {grown:,} bytes: {self.memory}")

    def _plain(self) -> Story:
        fields = self._bets.next()
        event_id = str(fields["event_id"])
        return Story(name="a plain bet", pieces=(request(encoded(fields)),), statuses=RECORDED, accepted=(event_id,))

    async def _tell(self, story: Story, turns: asyncio.Semaphore) -> None:
        async with turns:
            told = await tell(story, self.service.address)
        self.told += 1
        self.books.enter(told)
        self.wrong += [_shown(told, wrong) for wrong in told.wrong]


def _shown(told: Told, wrong: str) -> str:
    heard = ", ".join(f"{answer.status} {answer.body[:_SHOWN]!r}" for answer in told.answers) or "nothing"
    sent = b"".join(told.story.pieces)
    return f"{told.story.name}: {wrong}\n  sent {len(sent)} bytes: {sent[:_SHOWN]!r}\n  heard {heard}"
