"""Steady load: an operator's working day at so many requests a second, and the wallet debits of its contributions."""

import asyncio
from collections.abc import Iterator
from typing import Any

from app.sandbox.traffic import Posting, Story, debit
from tests.chaos.sender import Sender

AT_ONCE = 200  # stories under way; beyond that the operator's own queue is full, and it waits


class Load:
    """Tells stories at a pace until it is told to stop, and publishes debits until it is cancelled."""

    def __init__(self, sender: Sender, stories: Iterator[Story], *, rate: float) -> None:
        self._sender = sender
        self._stories = stories
        self._rate = rate
        self._room = asyncio.Semaphore(AT_ONCE)
        self._debits = asyncio.Queue[Posting]()
        self._enough = asyncio.Event()

    def debited(self, contribution: dict[str, Any]) -> None:
        """Learn of a contribution's wallet debit, which comes back as an event."""
        self._debits.put_nowait(debit(contribution))

    def stop(self) -> None:
        """Begin nothing new."""
        self._enough.set()

    @property
    def idle(self) -> bool:
        """Whether everything begun was answered for good."""
        return not self._sender.waiting and self._debits.empty()

    async def run(self) -> None:
        """Tell stories until `stop`; returns when the last is told."""
        clock = asyncio.get_running_loop()
        due = clock.time()
        async with asyncio.TaskGroup() as group:
            for story in self._stories:
                await self._room.acquire()
                if await self._stopped(due - clock.time()):
                    break
                group.create_task(self._tell(story))
                due = max(due, clock.time() - 1) + len(story.postings) / self._rate  # no rush to catch up

    async def publish_debits(self) -> None:
        """Publish debits as they come, until cancelled."""
        while True:
            await self._sender.post(await self._debits.get())

    async def _tell(self, story: Story) -> None:
        try:
            await self._sender.tell(story)
        finally:
            self._room.release()

    async def _stopped(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                await self._enough.wait()
        except TimeoutError:
            return False
        return True
