"""The same key at the same time."""

import asyncio
import json
from dataclasses import replace

from app.sandbox.setup import BRAND_ID
from app.sandbox.traffic import Posting, Traffic
from tests.chaos.scenario import Trial, scenario

NOTHING = "nothing: nothing is broken"


@scenario("same-key-200-times", seconds=1, quick_seconds=1, bound=NOTHING)
async def same_key_200_times(trial: Trial) -> None:
    """The same event 200 times at once, at several processes; 10 such events (quick: 2), half with two contents."""
    for turn in range(2 if trial.quick else 10):
        await _at_once(trial, _bet(trial, f"storm-{turn}"), 200, conflicting=turn % 2 == 1)


@scenario("same-key-twice-in-a-batch", seconds=1, bound=NOTHING)
async def same_key_twice_in_a_batch(trial: Trial) -> None:
    """100 events twice each, all at once at one process, so that both fall into one batch; then with two contents."""
    service = trial.stand.services[0].url
    for conflicting in (False, True):
        pairs = [_bet(trial, f"pair-{conflicting}-{number}") for number in range(100)]
        await asyncio.gather(*(_at_once(trial, pair, 2, conflicting=conflicting, to=service) for pair in pairs))


async def _at_once(trial: Trial, posting: Posting, times: int, *, conflicting: bool, to: str | None = None) -> None:
    """Send an event so often at once. Conflicting, every other copy has another content, and one of the two wins."""
    copies = [posting] * times
    if conflicting:
        copies = [_contested(copy) for copy in copies]
        copies[1::2] = [_with_another_amount(copy) for copy in copies[1::2]]
    await asyncio.gather(*(trial.sender.post(copy, to=to) for copy in copies))


def _bet(trial: Trial, name: str) -> Posting:
    """A bet that may be recorded already."""
    stories = Traffic(brand_id=BRAND_ID, random=trial.random, prefix=f"{trial.prefix}{name}-").stories(1)
    return next(stories).postings[0]


def _contested(posting: Posting) -> Posting:
    return replace(posting, expected=posting.expected | {"conflict"})


def _with_another_amount(posting: Posting) -> Posting:
    return replace(posting, body=json.dumps(json.loads(posting.body) | {"amount": "0.07"}).encode())
