"""Headers, credentials, versions and upgrades that nobody should send, and some that many do."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.story import HUNG_UP, RECORDED, Bets, Story
from tests.fuzz.writing import encoded, request

UNAUTHENTICATED = frozenset({HUNG_UP, 400, 401})
ENDED = frozenset({HUNG_UP, 400})
EITHER = frozenset({HUNG_UP, 202, 400, 415})

_ODD = {  # header lines, and whether the request is right all the same
    "10,000 headers": (b"".join(b"x-%d: y\r\n" % number for number in range(10_000)), False),
    "a header of 1 MB": (b"x: " + b"y" * 1_000_000 + b"\r\n", False),
    "a name of 1 MB": (b"x" * 1_000_000 + b": y\r\n", False),
    "no colon": (b"nonsense\r\n", False),
    "no name": (b": y\r\n", False),
    "a space before the colon": (b"x : y\r\n", False),
    "a folded line": (b"x: y\r\n z\r\n", False),
    "a NUL": (b"x: a\0b\r\n", False),
    "a bare CR": (b"x: a\rb\r\n", False),
    "a bare LF": (b"x: a\ny: b\r\n", False),
    "no ASCII": (b"x: \xe4\xff\r\n", True),
    "a second host": (b"host: other\r\n", True),
    "an id with everything": (b"x-request-id: a b\tc;'\"<script>\r\n", True),
    "a long id": (b"x-request-id: " + b"a" * 10_000 + b"\r\n", True),
    "an encoding that is not there": (b"content-encoding: gzip\r\n", True),
    "ranges and conditions": (b"range: bytes=0-\r\nif-match: x\r\nif-modified-since: x\r\n", True),
    "another method": (b"x-http-method-override: DELETE\r\n", True),
    "somebody else's address": (b"x-forwarded-for: 1.2.3.4, \xff\r\nforwarded: for=\r\n", True),
    "an expectation": (b"expect: 100-continue\r\n", True),
    "an expectation that means nothing": (b"expect: miracles\r\n", True),
    "connection: close": (b"connection: close\r\n", True),
    "connections of all kinds": (b"connection: close, keep-alive, upgrade, x,,\r\n", True),
    "a second media type": (b"content-type: text/plain\r\n", True),
    "cookies": (b"cookie: " + b"a=b; " * 5_000 + b"\r\n", True),
}
_CREDENTIALS = {
    "webhook-timestamp": (b"", b"-1", b"9" * 5_000, b"1e9", b"\xd9\xa1", b"0x5", b"NaN", b" ", b"99999999999", b"1_0"),
    "webhook-signature": (
        b"",
        b"v1,",
        b"v1",
        b",",
        b"v1,AAAA",
        b"v1," + b"A" * 30_000,
        b"v1,A " * 5_000,
        b"\xff",
        b"v2,A",
    ),
    "webhook-id": (b"", b"\xff" * 50, b"x" * 30_000, b".", b"a.b.c"),
}


def headers(_random: Random, bets: Bets) -> Iterator[Story]:
    """Beside headers that are right."""
    for name, (lines, fine) in _ODD.items():
        fields = bets.next()
        yield Story(
            name=f"headers: {name}",
            pieces=(request(encoded(fields), extra=lines),),
            statuses=RECORDED if fine else ENDED,
            whole=fine,
            never=() if fine else (fields["event_id"],),
        )


def credentials(_random: Random, bets: Bets) -> Iterator[Story]:
    """In the place of one that is right."""
    for name, values in _CREDENTIALS.items():
        for value in values:
            fields = bets.next()
            line = b"%b: %b\r\n" % (name.encode(), value)
            yield Story(
                name=f"credentials: {name} of {value[:20]!r}",
                pieces=(request(encoded(fields), without={name}, extra=line),),
                statuses=UNAUTHENTICATED,
                whole=False,
                never=(fields["event_id"],),
            )


def beginnings(_random: Random, bets: Bets) -> Iterator[Story]:
    """Other versions of HTTP, and what is none."""
    body = encoded(bets.next())
    for version in (
        b"HTTP/0.9",
        b"HTTP/1.0",
        b"HTTP/1.2",
        b"HTTP/2.0",
        b"HTTP/3",
        b"http/1.1",
        b"HTTP/1.1 ",
        b"HTTP/1,1",
        b"",
    ):
        start = b"POST /events/bet " + version
        yield Story(name=f"version {version!r}", pieces=(request(body, start=start),), statuses=EITHER, whole=False)
    for noise in (
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)) * 2,
        b"\r\n" * 10_000 + b"x",
        b"\r\n\r\n" + b"\0" * 100,
        b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n",
        b"POST\r\n\r\n",
        b"POST  /events/bet  HTTP/1.1\r\n\r\n",
        b"POST /events/bet HTTP/1.1\n\n",
        b"x" * 1_000_000,
    ):
        yield Story(
            name=f"beginning {noise[:30]!r}", pieces=(noise,), statuses=frozenset({HUNG_UP, 400, 401}), whole=False
        )


def upgrades(_random: Random, bets: Bets) -> Iterator[Story]:
    """An upgrade may be ignored, and Java's client offers h2c with whatever it posts."""
    for lines in (
        b"connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: eA==\r\n",
        b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABkAAQBAAAAAAIAAAAA\r\n",
        b"connection: upgrade\r\nupgrade: TLS/1.0, x\r\n",
        b"upgrade: h2c\r\n",
    ):
        for pieces in (1, 2, 3):
            events = [bets.next() for _ in range(3)]
            sent = b"".join(request(encoded(fields), extra=lines) for fields in events)
            cut = len(sent) // pieces + 1
            yield Story(
                name=f"upgrade: {lines[:60]!r}",
                pieces=tuple(sent[start : start + cut] for start in range(0, len(sent), cut)),
                statuses=RECORDED,
                answers=3,
                accepted=tuple(str(fields["event_id"]) for fields in events),
            )
