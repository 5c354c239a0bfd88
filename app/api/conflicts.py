"""Refusals of events whose keys others have: where they differ from what was recorded first, without any value."""

import asyncio
from collections.abc import Mapping, Sequence
from itertools import islice

from app.api import problems
from app.api.problems import Refusal
from app.api.state import Services
from app.domain import document
from app.domain.differing import differing
from app.domain.document import MalformedDocumentError
from app.domain.event import EventKey
from app.domain.mapping import Path, pointer
from app.ledger.engine import LedgerUnavailableError
from app.ledger.recording import Entry

LISTED = 10  # places of an event
LONGEST = 200  # characters of a pointer: names are the sender's, of any length
COMPARED = 20  # events at once; the others are told without places
LARGE = 16 * 1024  # characters of a payload: more takes too long to compare, while everybody waits

_STANDS = "the event that was recorded first stands"


async def refusals(service: Services, entries: Sequence[Entry]) -> list[Refusal]:
    """One for each entry. The places are a help: where they can't be had, the refusal does without. Of a flood one look
    at a time is taken, and nobody waits for it: its connection is one of those that recording and settling need.
    """
    if service.comparing.locked():
        return [_refusal(None, entry.payload) for entry in entries]
    async with service.comparing:
        return await _compared(service, entries)


async def _compared(service: Services, entries: Sequence[Entry]) -> list[Refusal]:
    first = await _first(service, entries[:COMPARED])
    found = []
    for entry in entries:
        found.append(_refusal(first.get(entry.key), entry.payload))
        await asyncio.sleep(0)  # payloads may be long, and others wait
    return found


async def _first(service: Services, entries: Sequence[Entry]) -> Mapping[EventKey, str]:
    """What was recorded first, of those that can be compared."""
    wanted = [entry.key for entry in entries if len(entry.payload) <= LARGE]
    try:
        return await service.payloads(wanted) if wanted else {}
    except LedgerUnavailableError:
        return {}


def _refusal(first: str | None, second: str) -> Refusal:
    places = _places(first, second) if first is not None else []
    if not places:
        return Refusal(problems.CONFLICT, _STANDS)
    more = ", the first of them" if len(places) > LISTED else ""
    return Refusal(problems.CONFLICT, f"{_STANDS}; see errors for what differs{more}", errors=places[:LISTED])


def _places(first: str, second: str) -> list[dict[str, str]]:
    """One more than is listed, where there are more."""
    if max(len(first), len(second)) > LARGE:
        return []
    try:
        before, now = document.fields(first), document.fields(second)
    except MalformedDocumentError:
        return []
    found = islice(differing(before, now), LISTED + 1)
    return [{"pointer": _shortened(at), "detail": str(deviation)} for at, deviation in found]


def _shortened(at: Path) -> str:
    """The pointer, or that of what the place is in."""
    while len(found := pointer(at)) > LONGEST:
        at = at[:-1]
    return found
