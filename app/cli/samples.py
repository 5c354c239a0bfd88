"""Sample payloads from a file: one body, an array of them, or a batch as the feed has it."""

import json
from collections.abc import Callable
from functools import partial

from app.api import problems
from app.api.arriving import too_large
from app.api.envelopes import Envelopes
from app.api.parcel import Parcel, Skipped, alone
from app.api.places import Found
from app.api.problems import Refusal
from app.api.reading import Reader
from app.domain.cutting import Cutting, members
from app.domain.document import MalformedDocumentError

Sample = Callable[[], Found | Skipped]
"""Finds the event in a payload as the service would. Raises Refusal."""

_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def samples(reader: Reader, content: bytes, *, largest: int) -> list[Sample]:
    """The payloads in a file, each of up to `largest` bytes. Where a batch is more to the feed than an array of them,
    and the file is one, they are found as in a batch. Raises Refusal for the whole of it.
    """
    feed, payloads = reader.feed, bodies(content)
    envelopes = Envelopes(feed) if feed.cloud_events and _is_cloud_event(payloads[0]) else None
    items = () if envelopes else feed.batch.items
    if not (items or feed.batch.told_by) or not _is_batch(content, items):
        return [partial(_found, reader, envelopes, body, largest) for body in payloads]
    if len(content) > feed.batch.body:
        raise too_large(feed.batch.body)
    parcel = Parcel(feed, content, envelopes.in_batch if envelopes else alone, largest=largest)
    return [partial(parcel.event, index, piece) for index, piece in enumerate(list(parcel.pieces()))]


def bodies(content: bytes) -> list[bytes]:
    """The items of a JSON array, byte for byte as they are there; of anything else, that itself."""
    try:
        return [item.encode() for item in _items(content.decode())] or [content]
    except (ValueError, RecursionError):  # no UTF-8, no JSON: one body, which the feed will refuse
        return [content]


def _is_cloud_event(body: bytes) -> bool:
    try:
        return "specversion" in members(body.decode())
    except ValueError:  # no object
        return False


def _is_batch(content: bytes, items: tuple[str, ...]) -> bool:
    """Whether the array is there."""
    try:
        next(Cutting(content, items=items, shared=()).pieces(), None)
    except MalformedDocumentError:
        return False
    return True


def _found(reader: Reader, envelopes: Envelopes | None, body: bytes, largest: int) -> Found:
    """The event that comes alone."""
    if len(body) > largest:
        raise too_large(largest)
    if not (envelopes and _is_cloud_event(body)):
        return Found(reader.parsed(body), "", {})
    try:
        return envelopes.structured(body)
    except MalformedDocumentError as error:
        raise Refusal(problems.MALFORMED, str(error)) from None


def _items(text: str) -> list[str]:
    at = _after_space(text, 0)
    if text[at : at + 1] != "[":
        return []
    found, closed = list[str](), False
    while not closed:
        begin = _after_space(text, at + 1)
        _, end = _DECODER.raw_decode(text, begin)
        found.append(text[begin:end])
        at = _after_space(text, end)
        closed = text[at : at + 1] == "]"
        if not closed and text[at : at + 1] != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, at)
    if _after_space(text, at + 1) != len(text):
        raise json.JSONDecodeError("Extra data", text, at + 1)
    return found


def _after_space(text: str, at: int) -> int:
    while at < len(text) and text[at] in _SPACE:
        at += 1
    return at
