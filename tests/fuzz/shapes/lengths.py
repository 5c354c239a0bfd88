"""Lengths that lie, or that two readers would read differently: what is smuggled in must never be recorded."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.story import HUNG_UP, Bets, Story
from tests.fuzz.writing import chunked, encoded, request

REFUSED = frozenset({HUNG_UP, 400, 401, 413})

_NO_LENGTHS = (
    *(b"-1", b"+5", b"0x5", b"5.0", b"5e0", b"5 5", b"5,5", b"5, 6", b"", b" ", b"five", b"\xd9\xa3", b"1_0", b"\x005"),
    *(b"9" * 25, b"18446744073709551616", b"18446744073709551621", b"9" * 5000, b"-0", b"5;", b'"5"'),
)
_NO_ENCODINGS = (
    *(b"xchunked", b"chunkedx", b"identity", b"gzip", b"chunked, identity", b"chunked, gzip", b"chunked, chunked"),
    *(b"chunked;q=1", b'"chunked"', b"\x0bchunked", b"chunked\0", b"cow", b"chun\xe4ked"),
)


def lying(_random: Random, bets: Bets) -> Iterator[Story]:
    """Content-Length and Transfer-Encoding that don't agree with the body, with themselves or with each other."""
    body = encoded(bets.next())
    for length in _NO_LENGTHS:
        yield _lying(f"a length of {length[:25]!r}", body, b"content-length: %b\r\n" % length)
    length = b"content-length: %d\r\n" % len(body)
    for more in (b"content-length: %d\r\n" % (len(body) - 1), b"content-length: 0\r\n", length):
        yield _lying(f"and a second {more!r}", body, length + more)
    yield _lying("shorter", body, b"content-length: %d\r\n" % (len(body) - 10))
    yield _lying("none", body, b"")
    yield _lying("longer", body, b"content-length: %d\r\n" % (len(body) + 10))
    yield _lying("endless", body, b"content-length: 900000\r\n")
    yield _lying("too large", body, b"content-length: 99999999999\r\n")
    yield from _smuggled(bets)


def _smuggled(bets: Bets) -> Iterator[Story]:
    """A whole request of an event of its own, where one reader sees it and another sees a body."""
    for encoding in _NO_ENCODINGS:
        yield _hiding(f"an encoding of {encoding!r}", bets, b"transfer-encoding: %b\r\n" % encoding)
    for line in (
        b"transfer-encoding : chunked\r\n",
        b"transfer-encoding\r\n : chunked\r\n",
        b"transfer\x00-encoding: chunked\r\n",
    ):
        yield _hiding(f"a line of {line!r}", bets, line)
    for lines in (
        b"content-length: 5\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        b"content-length: 0\r\ntransfer-encoding: chunked\r\n",
        b"transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n",
        b"content-length: 0\r\ncontent-length: 5\r\n",
        b"content-length: 0\ncontent-length: 5\r\n",
        b"content-length: 0\r content-length: 5\r\n",
        b"foo: bar\rtransfer-encoding: chunked\r\n",
    ):
        yield _hiding(f"between {lines!r}", bets, lines)


def _lying(name: str, body: bytes, lines: bytes) -> Story:
    head = request(body, without={"content-length"}, extra=lines, sent=b"")
    right = frozenset({202}) if lines.count(b"%d" % len(body)) == 1 and lines.count(b"\n") == 1 else frozenset[int]()
    return Story(name=f"length: {name}", pieces=(head, body), statuses=REFUSED | right, whole=False)


def _hiding(name: str, bets: Bets, lines: bytes) -> Story:
    hidden = bets.next()
    inner = request(encoded(hidden))
    head = request(chunked(inner), without={"content-length"}, extra=lines, sent=b"")
    return Story(
        name=f"smuggling: {name}",
        pieces=(head + b"0\r\n\r\n" + inner,),
        statuses=REFUSED,
        answers=2,
        whole=False,
        never=(hidden["event_id"],),
    )
