"""Receiving many events in one request: each is taken or refused by itself, and all are durable before the answer."""

import asyncio
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from starlette.types import Receive, Scope

from app.api import batch_documentation, conflicts, outcomes, problems, refusing
from app.api.arriving import Arrived, arrived, media_type, require_json
from app.api.limits import Door
from app.api.parcel import Form, Parcel, Skipped, alone
from app.api.places import Place
from app.api.problems import Refusal
from app.api.reading import Reader
from app.api.receiving import Answer, routed
from app.api.shortcut import Endpoint
from app.api.state import Services, services
from app.domain.cutting import Piece
from app.domain.feed import Feed
from app.ledger.engine import UnfitError
from app.ledger.inbox import Conflict, Duplicate, Followed, Outcome, Recorded
from app.ledger.recording import Entry
from app.ledger.writer import BATCH, BacklogFullError

TURN = 16  # events that are read before others have their turn: some two milliseconds


@dataclass(frozen=True, slots=True)
class ToRecord:
    """An event, and where it is in the body."""

    entry: Entry
    place: Place


@dataclass(frozen=True, slots=True)
class Refused:
    """An event that is not to be recorded, by its text."""

    refusal: Refusal
    text: str


Taken = ToRecord | Refused | Skipped
"""What is kept of an event until its batch is answered: nothing that was parsed."""


def endpoints(readers: Mapping[Reader, Door], *, body_limit: int) -> dict[str, Endpoint]:
    """What answers each feed's path for batches. An event over `body_limit` bytes, or the feed's own limit, is refused
    as it is alone.
    """
    return {_path(reader.feed): _endpoint(reader, door, body_limit) for reader, door in readers.items()}


def router(feeds: tuple[Feed, ...], endpoints: Mapping[str, Endpoint], *, home: str) -> APIRouter:
    """A documented route for each feed."""
    routes = APIRouter(tags=["events"])
    for feed in feeds:
        routes.add_api_route(
            _path(feed), routed(endpoints[_path(feed)]), methods=["POST"], **batch_documentation.batch(feed, home=home)
        )
    return routes


def _path(feed: Feed) -> str:
    return f"/events/{feed.name}/batch"


def _endpoint(reader: Reader, door: Door, body_limit: int) -> Endpoint:
    feed = reader.feed
    largest = feed.limits.body or body_limit

    async def received(scope: Scope, receive: Receive) -> Response:
        request = await arrived(scope, receive, door, limit=feed.batch.body)
        if feed.cloud_events and media_type(request.headers).startswith("application/cloudevents"):
            raise Refusal(problems.NOT_JSON, f"CloudEvents are posted to /events/{feed.name}, a batch of them too")
        require_json(request.headers)
        return await answered(reader, door, scope, request, alone, largest=largest)

    return refusing.guarded(feed, received)


async def answered(reader: Reader, door: Door, scope: Scope, request: Arrived, form: Form, *, largest: int) -> Response:
    """The answer to a batch, of events in a form, each of up to `largest` bytes. Raises Refusal for the whole of it,
    before anything is recorded, and what the inbox raises, after which some may be: repeated, they are told what they
    would have been.
    """
    service = services(scope)
    async with service.turns.of(len(request.body)):
        parcel = Parcel(reader.feed, request.body, form, largest=largest)
        pieces = await _cut(parcel)
        fields = door.take(len(pieces) - 1) if len(pieces) > 1 else request.fields
        taken = await _read(reader, parcel, pieces)
        del parcel  # and what is parsed of what the events share
    results = await _results(service, scope, taken)
    return Answer(200, results.encode("ascii"), tuple(fields))


async def _cut(parcel: Parcel) -> deque[Piece]:
    found = deque[Piece]()
    for piece in parcel.pieces():
        found.append(piece)
        if len(found) % TURN == 0:
            await asyncio.sleep(0)
    return found


async def _read(reader: Reader, parcel: Parcel, pieces: deque[Piece]) -> list[Taken]:
    """Each piece is gone once it is read."""
    taken = list[Taken]()
    while pieces:
        if len(taken) % TURN == TURN - 1:
            await asyncio.sleep(0)
        taken.append(_taken(reader, parcel, len(taken), pieces.popleft()))
    return taken


def _taken(reader: Reader, parcel: Parcel, index: int, piece: Piece) -> Taken:
    """What the single route would have made of it."""
    try:
        found = parcel.event(index, piece)
        return found if isinstance(found, Skipped) else ToRecord(found.read(reader.entry), found.place)
    except Refusal as refusal:
        refusal.__context__ = None  # it and the traceback hold on to what was parsed
        return Refused(refusal.with_traceback(None), piece.text)


async def _results(service: Services, scope: Scope, taken: Sequence[Taken]) -> str:
    events = [each for each in taken if isinstance(each, ToRecord)]
    began = time.perf_counter()
    recorded = iter(await _recorded(service, events))
    if events:
        service.metrics.record_seconds.observe(time.perf_counter() - began)
    counts = dict.fromkeys(("accepted", "ignored", "skipped", "refused"), 0)
    results = []
    for index, each in enumerate(taken):
        match each:
            case ToRecord():
                status, members = _told(service, each.entry, next(recorded))
            case Refused(refusal, text):
                refusing.note({**scope, "path": f"{scope['path']}#/{index}", "body": text.encode()}, refusal)
                status, members = "refused", _refused(refusal, service)
            case Skipped():
                status, members = "skipped", '"status": "skipped"'
        counts[status] += 1
        results.append(f'{{"index": {index}, {members}}}')
    if counts["skipped"]:
        outcomes.note_skipped(service, scope["feed"], counts["skipped"])
    counted = ", ".join(f'"{status}": {count}' for status, count in counts.items())
    return f'{{{counted}, "results": [{", ".join(results)}]}}'


async def _recorded(service: Services, events: Sequence[ToRecord]) -> list[outcomes.Told]:
    """A write's worth after the other, and never more than there is room for: others come in between. What is recorded
    is counted and logged, whatever becomes of the rest. Raises what the inbox does, at the end where it is about one
    event only, for those behind it can be recorded.
    """
    found, failures, at = list[outcomes.Told](), list[BaseException](), 0
    while at < len(events) and all(isinstance(failure, UnfitError) for failure in failures):
        room = min(service.inbox.room, BATCH)
        if not room:
            raise BacklogFullError
        written = events[at : at + room]
        recorded = await service.inbox.record_all([each.entry for each in written])
        _note(service, written, recorded)
        refusals = await _conflicts(service, written, recorded)
        for outcome in recorded:
            match outcome:
                case BaseException():
                    failures.append(outcome)
                case Conflict():
                    found.append(next(refusals))
                case _:
                    found.append(outcome)
        at += len(written)
    if failures:
        raise min(failures, key=lambda failure: isinstance(failure, UnfitError))
    return found


def _note(service: Services, events: Sequence[ToRecord], recorded: Sequence[Outcome | BaseException]) -> None:
    """Count and log all that are no conflicts, before anything else is waited for, which may fail."""
    for event, outcome in zip(events, recorded, strict=True):
        if not isinstance(outcome, (BaseException, Conflict)):
            outcomes.note(service, event.entry, outcome)


async def _conflicts(
    service: Services, events: Sequence[ToRecord], recorded: Sequence[Outcome | BaseException]
) -> Iterator[Refusal]:
    """A refusal for each conflict among them, counted and logged."""
    conflicting = [each for each, outcome in zip(events, recorded, strict=True) if isinstance(outcome, Conflict)]
    if not conflicting:
        return iter(())
    refusals = await conflicts.refusals(service, [each.entry for each in conflicting])
    placed = [each.place.placed(refusal) for each, refusal in zip(conflicting, refusals, strict=True)]
    for each, refusal in zip(conflicting, placed, strict=True):
        outcomes.note(service, each.entry, refusal)
    return iter(placed)


def _told(service: Services, entry: Entry, outcome: outcomes.Told) -> tuple[str, str]:
    match outcome:
        case Recorded(decided) | Followed(decided):
            return _status(outcome), outcomes.told(entry.key.event_id, decided)
        case Duplicate(decided):
            return _status(outcome), outcomes.told(entry.key.event_id, decided) + ', "replayed": true'
        case Refusal():
            return "refused", _refused(outcome, service)


def _status(outcome: Recorded | Duplicate | Followed) -> str:
    return "ignored" if outcome.decided.ignored else "accepted"


def _refused(refusal: Refusal, service: Services) -> str:
    return f'"status": "refused", "problem": {problems.text(refusal, service.home)}'
