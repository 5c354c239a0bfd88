"""The operator's sender: writes down, sends, tries again until it is acknowledged, and notes every answer not right."""

import asyncio
import json
import time
from collections import Counter
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any
from uuid import uuid4

import httpx

from app.domain.authentication import Scheme
from app.sandbox.operator import label
from app.sandbox.traffic import Posting, Story
from tests.chaos.balancer import Balancer
from tests.chaos.record import Key, Promise, WriteAheadRecord

AGAIN = frozenset({429, 500, 502, 503, 504})  # what a sender tries again; every other status is final
FIRST_WAIT, LONGEST_WAIT = 0.1, 2.0  # seconds between tries
PATIENCE = 10.0  # seconds for an answer


class Sender:
    """Sends postings. `errors` counts what made it try again, `unexpected` holds final answers that were not right."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        balancer: Balancer,
        schemes: dict[str, Scheme],
        record: WriteAheadRecord,
        random: Random,
    ) -> None:
        self.answers: Counter[str] = Counter()
        self.errors: Counter[str] = Counter()
        self.unexpected: list[str] = []
        self.waiting = 0
        self._client = client
        self._balancer = balancer
        self._schemes = schemes
        self._record = record
        self._random = random

    async def tell(self, story: Story) -> None:
        """Send a story's postings, in order or all at once."""
        if story.at_once:
            await asyncio.gather(*map(self.post, story.postings))
        else:
            for posting in story.postings:
                await self.post(posting)

    async def post(self, posting: Posting, *, to: str | None = None, again: asyncio.Event | None = None) -> None:
        """Send until there is a final answer, for ever if need be. The first try goes `to` a service, and the next
        ones come after `again`, where these are given.
        """
        key = _key(posting)
        if key:
            self._record.sending(key)
        self.waiting += 1
        try:
            for tries in count(1):
                response = await self._try(posting, to if tries == 1 and to else self._balancer.choose())
                if response is not None and response.status_code not in AGAIN:
                    self._note(posting, key, response, tries)
                    return
                await asyncio.sleep(self._wait(tries, response))
                if again is not None:
                    await again.wait()
        finally:
            self.waiting -= 1

    async def _try(self, posting: Posting, url: str) -> httpx.Response | None:
        headers = {"content-type": posting.media_type}
        if posting.signed:
            scheme = self._schemes[posting.feed]
            headers |= scheme.credentials(posting.body, message_id=f"msg_{uuid4().hex}", timestamp=int(time.time()))
        try:
            response = await self._client.post(f"{url}/events/{posting.feed}", content=posting.body, headers=headers)
        except httpx.TransportError as error:
            self.errors[type(error).__name__] += 1
            return None
        if response.status_code in AGAIN:
            self.errors[str(response.status_code)] += 1
        return response

    def _wait(self, tries: int, response: httpx.Response | None) -> float:
        asked = response.headers.get("retry-after", "") if response is not None else ""
        wait = min(FIRST_WAIT * 2.0 ** min(tries, 10), LONGEST_WAIT) * (0.5 + self._random.random() / 2)
        return max(wait, min(int(asked), LONGEST_WAIT)) if asked.isdigit() else wait

    def _note(self, posting: Posting, key: Key | None, response: httpx.Response, tries: int) -> None:
        answer = label(response)
        self.answers[answer] += 1
        # Whoever tries again is told so, where the try before was recorded and its answer lost.
        right = posting.expected | ({"duplicate"} if tries > 1 and _acceptable(posting) else set())
        if answer not in right:
            self.unexpected.append(f"{answer} instead of {' or '.join(sorted(posting.expected))} to {key}")
        if response.status_code == httpx.codes.ACCEPTED and key:
            promise = Promise(contributions=response.json().get("contributions", 0), amount=_amount(posting))
            self._record.acknowledged(key, promise, fresh="idempotent-replayed" not in response.headers)


def _acceptable(posting: Posting) -> bool:
    return any(answer == "accepted" or answer.startswith("ignored") for answer in posting.expected)


def _fields(posting: Posting) -> dict[str, Any] | None:
    try:
        fields: dict[str, Any] = json.loads(posting.body)
    except ValueError:
        return None
    return fields


def _key(posting: Posting) -> Key | None:
    """The event's key; None where the posting is none, or one that must be refused."""
    fields = _fields(posting)
    refused = all(answer.startswith("refused") for answer in posting.expected)
    return None if fields is None or refused else (posting.feed, fields["brand_id"], fields["event_id"])


def _amount(posting: Posting) -> str:
    return str(Decimal(str((_fields(posting) or {})["amount"])))
