"""CloudEvents in every mode: enveloped as nobody should, or as few do, and batches of such envelopes."""

import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any

from tests.fuzz.feeds import signed
from tests.fuzz.shapes.documents import DEEP
from tests.fuzz.story import ANSWERED, MALFORMED, RECORDED, Bets, Story
from tests.fuzz.writing import array, encoded, post, request

STRUCTURED = b"application/cloudevents+json"
BATCHED = b"application/cloudevents-batch+json"
BINARY = b"application/json"
INVALID = frozenset({422})
NOT_JSON = frozenset({415})
TOO_LARGE = frozenset({413})
SOURCE = "/fuzz"

_TYPES = {  # what Content-Type says of a right event, structured
    **dict.fromkeys(
        (STRUCTURED, b"APPLICATION/CloudEvents+JSON", STRUCTURED + b"; charset=utf-8", STRUCTURED + b" ;"), RECORDED
    ),
    **dict.fromkeys((STRUCTURED + b";charset=\xff\xfe", STRUCTURED + b"; boundary=" + b"x" * 10_000), RECORDED),
    **dict.fromkeys((STRUCTURED + b", application/json", STRUCTURED + b"\xe9", b"application/cloudevents"), NOT_JSON),
    **dict.fromkeys((b"", b";", b"application/cloudevents+xml", b"application/cloudevents+avro", b"\xff"), NOT_JSON),
    **dict.fromkeys((b"application/cloudevents+json+json", b"application/cloudevents-batch", b"text/json"), NOT_JSON),
}
_ATTRIBUTES = {  # members of an envelope beside data or in the place of what is right, and what is right to answer
    **dict.fromkeys(
        ('"specversion": "0.3"', '"specversion": 1.0', '"specversion": "1.0 "', '"specversion": null'), INVALID
    ),
    **dict.fromkeys(('"specversion": ["1.0"]', '"specversion": {"a": NaN}', '"specversion": ""', '"id": ""'), INVALID),
    **dict.fromkeys(('"id": null', '"id": 17', '"id": {}', '"source": ""', '"source": []', '"type": 1e5'), INVALID),
    **dict.fromkeys(('"source": " "', '"source": "/a b"', '"source": "/a\\u2028b"'), INVALID),
    **dict.fromkeys(
        ('"time": 1795348800', '"time": {}', '"data": null', '"data": "{}"', '"data": []', '"data": 17'), INVALID
    ),
    **dict.fromkeys(('"specversion": NaN', '"id": 1e99999999999999999999'), INVALID),
    **dict.fromkeys(
        ('"time": null', '"x": NaN', '"x": {"a": 1, "a": 2}', '"subject": "\\u0000"', '"\\ud800": 1'), RECORDED
    ),
    **dict.fromkeys(('"id": "\\ud800"', '"type": "\\u0000"', '"time": "never"', '"source": "\\ud83d"'), RECORDED),
    **dict.fromkeys(
        ('"data_base64": "e30="', '"data_base64": 17', '"data_base64": null', '"datacontenttype": 17'), RECORDED
    ),
    **dict.fromkeys(
        ('"data": {"a": NaN}', '"data": {"a": 1, "a": 2}', '"data": ' + "[" * DEEP + "]" * DEEP), MALFORMED
    ),
    **dict.fromkeys(('"data": {"a": ' + "[" * 70 + "]" * 70 + "}", '"data": {"a": 1e99999999999999999999}'), MALFORMED),
}
_HEADERS = {  # lines of the binary mode, beside those that are right, and what is right to answer
    **dict.fromkeys((b"ce-id: \r\n", b"ce-id:\r\n", b'ce-source: ""\r\n', b"ce-type: \r\n"), INVALID),
    **dict.fromkeys((b"ce-specversion: 0.3\r\n", b"ce-specversion: \r\n", b"ce-specversion: 1.0 1.0\r\n"), INVALID),
    **dict.fromkeys(
        (b"ce-specversion: %31%2e0\r\n", b'ce-specversion: "1.0"\r\n', b"ce-specversion: \t1.0 \r\n"), RECORDED
    ),
    **dict.fromkeys(
        (b"ce-id: %\r\n", b"ce-x: %zz%ff%00\r\n", b"ce-id: \xff\xfe\r\n", b'ce-id: "\\\r\n', b'ce-id: "\r\n'), RECORDED
    ),
    **dict.fromkeys(
        (b"ce-id: " + b"%f0%9f%98%80" * 500 + b"\r\n", b"ce-x: " + b"y" * 10_000 + b"\r\n", b"ce-: \r\n"), RECORDED
    ),
    **dict.fromkeys(
        (b"ce-time: never\r\n", b"ce-time: \r\n", b"ce-datacontenttype: \xff\r\n", b"ce-data: {}\r\n"), RECORDED
    ),
    **dict.fromkeys(
        (b"ce-id: 1\r\nce-id: 2\r\n", b"CE-ID: 1\r\nCe-Id: 2\r\n", b"ce-id: %0d%0aset-cookie:%20a\r\n"), RECORDED
    ),
    **dict.fromkeys((b"ce-id: %zz%ff%00\r\n", b"ce-time: %ed%a0%80\r\n"), INVALID),
    **dict.fromkeys((b"ce-source: %0d%0aset-cookie:%20a\r\n", b"ce-source: /a%20b\r\n"), INVALID),
}


def structured(_random: Random, bets: Bets) -> Iterator[Story]:
    """One envelope, as the body."""
    for content_type, statuses in _TYPES.items():
        fields = bets.next()
        yield _told(f"said to be {content_type[:50]!r}", _envelope(fields), content_type, fields, statuses)
    for member, statuses in _ATTRIBUTES.items():
        fields = bets.next()
        yield _told(f"structured, {member[:40]}", _with(fields, member), STRUCTURED, fields, statuses)
    for body in (
        b"",
        b"[]",
        b"null",
        b"17",
        b"{",
        b"{}{}",
        b"\xff",
        b'{"data": {}, "data": {}}',
        b"{" * DEEP,
        b"[" * DEEP,
    ):
        yield _refused(f"structured, {body[:20]!r}", body, STRUCTURED, MALFORMED)
    for body in (b"{}", b'{"specversion": "1.0"}', b'{"data": {}}', b'{"data_base64": "e30="}'):
        yield _refused(f"structured, {body[:20]!r}", body, STRUCTURED, INVALID)
    fields = bets.next()
    long = _with({name: fields[name] for name in fields if name != "event_id"}, f'"id": "{"x" * 500}"')
    yield _refused("structured, an id too long", long, STRUCTURED, INVALID)


def binary(_random: Random, bets: Bets) -> Iterator[Story]:
    """Attributes as headers."""
    right = {b"ce-specversion": b"1.0", b"ce-id": b"1", b"ce-source": b"/fuzz", b"ce-type": b"BET"}
    for line, statuses in _HEADERS.items():
        fields = bets.next()
        name = line.partition(b":")[0].lower()
        lines = _lines({each: right[each] for each in right if each != name}) + line
        yield _told(f"binary, {line[:40]!r}", encoded(fields), BINARY, fields, statuses, lines=lines)
    for name in right:
        fields = bets.next()
        statuses = RECORDED if name == b"ce-specversion" else INVALID  # without it, it is an event as any
        lines = _lines({each: right[each] for each in right if each != name})
        yield _told(f"binary, without {name!r}", encoded(fields), BINARY, fields, statuses, lines=lines)
    for body in (b"", b"[]", b'"text"', b'{"a": NaN}', b"\xff", b" {} {}"):
        yield _refused(f"binary, {body!r}", body, BINARY, MALFORMED, lines=_lines(right))
    for own in ("event_id", "event_type", "occurred_at"):  # which no signature of the body covers
        fields = {each: value for each, value in bets.next().items() if each != own}
        lines = _lines(right | {b"ce-time": b"2026-11-22T12:00:00Z"})
        yield _refused(f"binary, {own} in a header", encoded(fields), BINARY, INVALID, lines=lines)


def batched(random: Random, bets: Bets) -> Iterator[Story]:
    """An array of envelopes: one that is none hurts no other."""
    results = {RECORDED: "", INVALID: "422", MALFORMED: "400"}
    items = list[tuple[bytes, str]]()
    for member, statuses in _ATTRIBUTES.items():
        fields = bets.next()
        items.append((_with(fields, member), results[statuses] or str(fields["event_id"])))
    items += [(text, "400") for text in (b"null", b"17", b"[]", b'"x"', b"NaN", b'{"id": 1, "id": 1}')]
    items += [(b"{}", "422"), (encoded(bets.next()), "422")]
    random.shuffle(items)
    body, found = array(*(text for text, _ in items)), tuple(result for _, result in items)
    yield _story("batched, of all kinds", body, BATCHED, ANSWERED, results=found)
    body = array(*(text for text, result in items if not result.isdigit()))
    again = tuple(result for result in found if not result.isdigit())
    yield _story("batched, the right ones", body, BATCHED + b"; charset=utf-8", ANSWERED)
    yield _story("batched, of nothing", b"[]", BATCHED, ANSWERED, accepted=(), results=())
    for wrong in (
        b"",
        b"{}",
        b"null",
        b"[",
        b"[{]",
        b"[{}",
        b"[] x",
        b"\xff",
        body[:-1],
        body + b"]",
        b'{"data": ' + body + b"}",
    ):
        yield _refused(f"batched, {wrong[:20]!r}", wrong, BATCHED, MALFORMED)
    yield _refused("batched, one alone", _envelope(bets.next()), BATCHED, MALFORMED)
    yield _refused("batched, too many", array(*(_envelope(bets.next()) for _ in again * 10)), BATCHED, TOO_LARGE)
    yield _refused("batched, where batches have no envelope", body, BATCHED, NOT_JSON, start=post("cloud/batch"))


def _envelope(fields: Mapping[str, Any]) -> bytes:
    return encoded({"specversion": "1.0", "id": "1", "source": SOURCE, "type": "BET", "data": fields})


def _with(fields: Mapping[str, Any], member: str) -> bytes:
    """An envelope with a member more, or with this one for its own."""
    own = {"specversion": '"1.0"', "id": '"1"', "source": '"/fuzz"', "type": '"BET"', "data": json.dumps(fields)}
    name = json.loads(member.partition(":")[0])
    members = [f'"{each}": {value}' for each, value in own.items() if each != name]
    return ("{" + ", ".join([*members, member]) + "}").encode()


def _lines(headers: Mapping[bytes, bytes]) -> bytes:
    return b"".join(b"%b: %b\r\n" % each for each in headers.items())


def _told(
    name: str, body: bytes, content_type: bytes, fields: dict[str, Any], statuses: frozenset[int], *, lines: bytes = b""
) -> Story:
    if statuses != RECORDED:
        return _refused(name, body, content_type, statuses, lines=lines)
    accepted = (str(fields["event_id"]),)
    return _story(name, body, content_type, statuses, lines=lines, accepted=accepted)


def _refused(
    name: str,
    body: bytes,
    content_type: bytes,
    statuses: frozenset[int],
    *,
    lines: bytes = b"",
    start: bytes = post("cloud"),
) -> Story:
    whole = statuses != TOO_LARGE
    return _story(name, body, content_type, statuses, lines=lines, start=start, whole=whole, accepted=())


def _story(
    name: str,
    body: bytes,
    content_type: bytes,
    statuses: frozenset[int],
    *,
    lines: bytes = b"",
    start: bytes = post("cloud"),
    **expected: Any,
) -> Story:
    sent = request(
        body,
        start=start,
        without={"content-type"},
        extra=b"content-type: %b\r\n" % content_type + lines,
        credentials=signed("cloud", body),
    )
    return Story(name=f"CloudEvent: {name}", pieces=(sent,), statuses=statuses, **expected)
