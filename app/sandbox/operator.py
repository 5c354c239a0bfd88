"""A simulated operator's platform: posts its events signed, retries as a good sender does, and keeps its own record."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import uuid4

import httpx

from app.domain.authentication import Scheme
from app.sandbox.traffic import Posting, Story, debit

TRIES = 50


class GaveUpError(Exception):
    """The service was not to be reached for longer than a sender tries."""


@dataclass(slots=True)
class Record:
    """What the operator knows: answers by label, what was acknowledged as owed, and answers that were not right."""

    answers: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[tuple[str, str, str], int] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)


class Operator:
    """Sends stories, and the debit of each contribution that `debited` is told of, as the feeds' schemes want it."""

    def __init__(self, client: httpx.AsyncClient, schemes: dict[str, Scheme], *, sent: Callable[[], None]) -> None:
        self.record = Record()
        self._client = client
        self._schemes = schemes
        self._sent = sent
        self._debits = asyncio.Queue[Posting]()

    def debited(self, contribution: dict[str, str]) -> None:
        """Learn of a contribution's wallet debit; `send_debits` publishes it."""
        self._debits.put_nowait(debit(contribution))

    async def send(self, stories: Iterable[Story], *, concurrency: int) -> None:
        """Send all stories, `concurrency` at a time."""
        remaining = iter(stories)

        async def worker() -> None:
            for story in remaining:
                if story.at_once:
                    await asyncio.gather(*map(self._post, story.postings))
                else:
                    for posting in story.postings:
                        await self._post(posting)

        workers = [asyncio.create_task(worker()) for _ in range(concurrency)]
        try:
            await asyncio.gather(*workers)
        finally:
            for task in workers:
                task.cancel()

    async def send_debits(self) -> None:
        """Publish debits as they come, until cancelled."""
        while True:
            await self._post(await self._debits.get())
            self._debits.task_done()

    async def debits_sent(self) -> None:
        """Wait until every debit so far is published."""
        await self._debits.join()

    async def _post(self, posting: Posting) -> None:
        for _ in range(TRIES):
            try:
                response = await self._client.post(
                    f"/events/{posting.feed}", content=posting.body, headers=self._headers(posting)
                )
            except httpx.TransportError:
                await asyncio.sleep(0.2)
                continue
            if response.status_code in {httpx.codes.SERVICE_UNAVAILABLE, httpx.codes.TOO_MANY_REQUESTS}:
                wait = response.headers.get("retry-after", "")
                await asyncio.sleep(int(wait) if wait.isdigit() else 1)
                continue
            self._note(posting, response)
            return
        raise GaveUpError(f"no answer to {TRIES} tries")

    def _headers(self, posting: Posting) -> dict[str, str]:
        headers = {"content-type": posting.media_type}
        if posting.signed:
            scheme = self._schemes[posting.feed]
            headers |= scheme.credentials(posting.body, message_id=f"msg_{uuid4().hex}", timestamp=int(time.time()))
        return headers

    def _note(self, posting: Posting, response: httpx.Response) -> None:
        answer = label(response)
        self.record.answers[answer] += 1
        if answer not in posting.expected:
            self.record.unexpected.append(f"{answer} instead of {' or '.join(sorted(posting.expected))}")
        if response.status_code == httpx.codes.ACCEPTED and response.json()["status"] == "accepted":
            fields = json.loads(posting.body)
            key = (posting.feed, fields["brand_id"], fields["event_id"])
            self.record.acknowledged[key] = response.json()["contributions"]
        self._sent()


def label(response: httpx.Response) -> str:
    """A response in a few words, for counting."""
    match response.status_code:
        case 202 if "idempotent-replayed" in response.headers:
            return "duplicate"
        case 202 if response.json()["status"] == "ignored":
            return f"ignored: {response.json()['reason']}"
        case 202:
            return "accepted"
        case 409:
            return "conflict"
        case status:
            return f"refused: {status}"
