"""Receiving many events in one request: each is taken or refused by itself, and all are durable before the answer."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Response
from starlette.types import Receive, Scope

from app.api import batch_documentation, conflicts, outcomes, problems, refusing
from app.api.arriving import Arrived, arrived, media_type, require_json
from app.api.limits import Door
from app.api.places import Found
from app.api.problems import Refusal
from app.api.reading import Reader
from app.api.receiving import Answer, routed
from app.api.shortcut import Endpoint
from app.api.state import Services, services
from app.domain.batch import Batch
from app.domain.cutting import Cutting, Piece
from app.domain.document import MalformedDocumentError
from app.domain.feed import Feed
from app.domain.mapping import pointer
from app.ledger.inbox import Conflict, Duplicate, Followed, Inbox, Outcome, Recorded
from app.ledger.recording import Entry
from app.ledger.writer import BATCH, BacklogFullError

TURN = 16  # events that are read before others have their turn: some two milliseconds


@dataclass(frozen=True, slots=True)
class Skipped:
    """The event is another feed's; nothing was done."""


@dataclass(frozen=True, slots=True)
class ToRecord:
    """An event, and where it is in the body."""

    entry: Entry
    found: Found


Taken = ToRecord | Refusal | Skipped

Form = Callable[[Piece, Mapping[str, Piece], str, int], Found]
"""How an event is found in its piece of a batch, beside what is shared: its place in the body and the depth that it may
have are given. Raises MalformedDocumentError, Refusal.
"""


def endpoints(readers: Mapping[Reader, Door]) -> dict[str, Endpoint]:
    """What answers each feed's path for batches."""
    return {_path(reader.feed): _endpoint(reader, door) for reader, door in readers.items()}


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


def _endpoint(reader: Reader, door: Door) -> Endpoint:
    feed = reader.feed

    async def received(scope: Scope, receive: Receive) -> Response:
        request = await arrived(scope, receive, door, limit=feed.batch.body)
        if feed.cloud_events and media_type(request.headers).startswith("application/cloudevents"):
            raise Refusal(problems.NOT_JSON, f"CloudEvents are posted to /events/{feed.name}, a batch of them too")
        require_json(request.headers)
        return await answered(reader, door, scope, request, alone)

    return refusing.guarded(feed, received)


async def answered(reader: Reader, door: Door, scope: Scope, request: Arrived, form: Form) -> Response:
    """The answer to a batch, of events in a form. Raises Refusal for the whole of it, before anything is recorded, and
    what the inbox raises, after which some may be: repeated, they are told what they would have been.
    """
    items, shared = (reader.feed.batch.items, reader.feed.batch.shared) if form is alone else ((), ())
    try:
        cutting = Cutting(request.body, items=items, shared=shared)
        pieces = await _cut(cutting, reader.feed.largest_batch)
    except MalformedDocumentError as error:
        raise Refusal(problems.MALFORMED, str(error)) from None
    fields = door.take(len(pieces) - 1) if len(pieces) > 1 else request.fields
    taken = list[Taken]()
    for index, piece in enumerate(pieces):
        if index % TURN == TURN - 1:
            await asyncio.sleep(0)
        taken.append(_taken(reader, form, piece, cutting.shared, f"{pointer(items)}/{index}"))
    results = await _results(services(scope), scope, taken, pieces)
    return Answer(200, results.encode("ascii"), tuple(fields))


async def _cut(cutting: Cutting, limit: int) -> list[Piece]:
    found = list[Piece]()
    for piece in cutting.pieces():
        if len(found) == limit:
            raise Refusal(problems.TOO_LARGE, f"more than {limit} events")
        found.append(piece)
        if len(found) % TURN == 0:
            await asyncio.sleep(0)
    return found


def alone(piece: Piece, shared: Mapping[str, Piece], at: str, depth: int) -> Found:
    """An event as it is sent alone. Raises MalformedDocumentError."""
    around = {(place := pointer((name,))): place for name in shared if name not in piece.value}
    return Found(piece.document(shared, depth=depth), at, around)


def _taken(reader: Reader, form: Form, piece: Piece, shared: Mapping[str, Piece], at: str) -> Taken:
    """What the single route would have made of it. `at` is where it is in the body."""
    try:
        found = form(piece, shared, at, reader.feed.limits.depth)
    except MalformedDocumentError as error:
        return Refusal(problems.MALFORMED, str(error))
    except Refusal as refusal:
        return refusal
    try:
        if reader.feed.batch.takes(found.document.fields):
            return ToRecord(reader.entry(found.document), found)
        return _other(reader.feed.batch)
    except Refusal as refusal:
        return found.placed(refusal)


def _other(batch: Batch) -> Skipped:
    if batch.others == "skipped":
        return Skipped()
    expected = {"pointer": pointer(batch.told_by), "detail": "must be one of " + ", ".join(sorted(batch.taken))}
    raise Refusal(problems.INVALID, "it is none of the events that this feed takes", errors=[expected])


async def _results(service: Services, scope: Scope, taken: Sequence[Taken], pieces: Sequence[Piece]) -> str:
    events = [each for each in taken if isinstance(each, ToRecord)]
    began = time.perf_counter()
    recorded = await _recorded(service.inbox, [each.entry for each in events])
    if events:
        service.metrics.record_seconds.observe(time.perf_counter() - began)
    answers = iter(await _answers(service, events, recorded))
    counts = dict.fromkeys(("accepted", "ignored", "skipped", "refused"), 0)
    results = []
    for index, each in enumerate(taken):
        match each:
            case ToRecord():
                status, members = _told(service, each.entry, next(answers))
            case Refusal():
                refusing.note({**scope, "path": f"{scope['path']}#/{index}", "body": pieces[index].text.encode()}, each)
                status, members = "refused", _refused(each, service)
            case Skipped():
                status, members = "skipped", '"status": "skipped"'
        counts[status] += 1
        results.append(f'{{"index": {index}, {members}}}')
    counted = ", ".join(f'"{status}": {count}' for status, count in counts.items())
    return f'{{{counted}, "results": [{", ".join(results)}]}}'


async def _recorded(inbox: Inbox, entries: Sequence[Entry]) -> list[Outcome]:
    """A write's worth after the other, and never more than there is room for: others come in between."""
    found = list[Outcome]()
    while len(found) < len(entries):
        room = min(inbox.room, BATCH)
        if not room:
            raise BacklogFullError
        found += await inbox.record_all(entries[len(found) : len(found) + room])
    return found


async def _answers(service: Services, events: Sequence[ToRecord], recorded: Sequence[Outcome]) -> list[outcomes.Told]:
    """What became of each, a conflict as a refusal."""
    conflicting = [event.entry for event, each in zip(events, recorded, strict=True) if isinstance(each, Conflict)]
    refused = iter(await conflicts.refusals(service, conflicting) if conflicting else ())
    return [
        event.found.placed(next(refused)) if isinstance(each, Conflict) else each
        for event, each in zip(events, recorded, strict=True)
    ]


def _told(service: Services, entry: Entry, outcome: outcomes.Told) -> tuple[str, str]:
    outcomes.note(service, entry, outcome)
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
