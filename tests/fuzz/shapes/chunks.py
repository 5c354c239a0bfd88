"""Bodies in chunks, right and wrong."""

from collections.abc import Iterator
from itertools import pairwise
from random import Random

from tests.fuzz.story import HUNG_UP, RECORDED, Bets, Story
from tests.fuzz.writing import chunked, encoded, request

REFUSED = frozenset({HUNG_UP, 400, 401, 413})
TOO_LARGE = frozenset({413})
_CHUNKED = b"transfer-encoding: chunked\r\n"


def right(random: Random, bets: Bets) -> Iterator[Story]:
    """Any division into chunks, with extensions and trailers, is the body."""
    for extension, trailers in (
        (b"", b""),
        (b";a=b", b""),
        (b';a="b;c"', b"x-trailer: 1\r\n"),
        (b"", b"host: other\r\n"),
    ):
        fields = bets.next()
        body = encoded(fields)
        sent = chunked(*_divided(random, body), extension=extension, trailers=trailers)
        yield _right(f"with {extension!r} and {trailers!r}", fields["event_id"], (_request(body, sent),))
    for name, sizes in (("a long size", b"0" * 200_000), ("a long extension", b"")):
        fields = bets.next()
        body = encoded(fields)
        sent = sizes + chunked(body, extension=b"" if sizes else b";a=" + b"b" * 2_000_000)
        yield _right(f"with {name}", fields["event_id"], (_request(body, sent),))
    fields = bets.next()
    body = encoded(fields)
    whole = _request(body, chunked(*(body[n : n + 1] for n in range(len(body)))))
    yield _right("of a byte each", fields["event_id"], (whole,))
    yield _right("sent in pieces, again", fields["event_id"], tuple(_divided(random, whole)))


def wrong(_random: Random, bets: Bets) -> Iterator[Story]:
    """What is no chunk is no body, whatever it would come to."""
    body = encoded(bets.next())
    size = b"%x" % len(body)
    for name, sent in {
        "no size": b"\r\n" + body + b"\r\n0\r\n\r\n",
        "a size of no digits": b"xyz\r\n" + body + b"\r\n0\r\n\r\n",
        "a negative size": b"-" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "a size with a sign": b"+" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "a size with a prefix": b"0x" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "a huge size": b"f" * 17 + b"\r\n" + body,
        "a size that wraps around": b"10000000000000000" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "a size too large": b"%x\r\n" % (len(body) + 1) + body + b"\r\n0\r\n\r\n",
        "a size too small": b"%x\r\n" % (len(body) - 1) + body + b"\r\n0\r\n\r\n",
        "lines without CR": size + b"\n" + body + b"\n0\n\n",
        "no end of a chunk": size + b"\r\n" + body + b"0\r\n\r\n",
        "no last chunk": size + b"\r\n" + body + b"\r\n",
        "a body behind the last": b"0\r\n\r\n" + size + b"\r\n" + body + b"\r\n0\r\n\r\n",
        "10,000 trailers": chunked(b"{}", trailers=b"".join(b"x-%d: %b\r\n" % (n, b"y" * 50) for n in range(10_000))),
    }.items():
        yield Story(name=f"chunks: {name}", pieces=(_request(body, sent),), statuses=REFUSED, whole=False)
    endless = b" " * 2_000_000 + body
    sent = chunked(*(endless[start : start + 10_000] for start in range(0, len(endless), 10_000)))
    yield Story(name="chunks without an end", pieces=(_request(endless, sent),), statuses=TOO_LARGE, whole=False)


def _right(name: str, event_id: str, pieces: tuple[bytes, ...]) -> Story:
    return Story(name=f"chunks {name}", pieces=pieces, statuses=RECORDED, accepted=(event_id,))


def _request(body: bytes, sent: bytes) -> bytes:
    return request(body, without={"content-length"}, extra=_CHUNKED, sent=sent)


def _divided(random: Random, body: bytes) -> list[bytes]:
    cuts = sorted({0, len(body), *(random.randrange(1, len(body)) for _ in range(9))})
    return [body[start:end] for start, end in pairwise(cuts)]
