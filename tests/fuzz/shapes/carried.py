"""How a batch is carried: in chunks, in pieces, beside others, too slowly, with a length that lies, or half of it."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.story import ANSWERED, ANY, HUNG_UP, RECORDED, Bets, Ending, Story
from tests.fuzz.writing import array, chunked, encoded, post, request

START = post("bet/batch")
REFUSED = frozenset({HUNG_UP, 400, 401, 413})
SLOW = frozenset({HUNG_UP, 400})
EVENTS = 5
TIMES = 20

_CHUNKED = b"transfer-encoding: chunked\r\n"


def in_pieces(random: Random, bets: Bets) -> Iterator[Story]:
    """However it is divided, it is one batch."""
    body, ids = _batch(bets)
    divided = [body[at : at + 7] for at in range(0, len(body), 7)]
    sent = request(body, start=START, without={"content-length"}, extra=_CHUNKED, sent=chunked(*divided))
    yield _right("in chunks", (sent,), ids)
    cut = random.randrange(1, len(sent))
    yield _right("in two pieces, again", (sent[:cut], sent[cut:]), ids)
    whole = request(body, start=START)
    yield _right("a byte at a time, again", tuple(whole[at : at + 1] for at in range(len(whole))), ids)


def pipelined(_random: Random, bets: Bets) -> Iterator[Story]:
    """Batches and single events, behind one another, are answered in order."""
    sent, accepted, results = b"", list[str](), list[str]()
    for _ in range(TIMES):
        (body, ids), fields = _batch(bets), bets.next()
        sent += request(body, start=START) + request(encoded(fields))
        accepted += [*ids, fields["event_id"]]
        results += ids
    yield Story(
        name="batch: pipelined beside single events",
        pieces=(sent,),
        statuses=ANSWERED | RECORDED,
        answers=2 * TIMES,
        accepted=tuple(accepted),
        results=tuple(results),
    )


def lying(_random: Random, bets: Bets) -> Iterator[Story]:
    """What does not come as it was announced is not authentic, or not there."""
    for name, change in {"shorter": -1, "much shorter": -300, "longer": 1, "too long": 100_000_000}.items():
        body, ids = _batch(bets)
        lines = b"content-length: %d\r\n" % (len(body) + change)
        sent = request(body, start=START, without={"content-length"}, extra=lines)
        yield Story(name=f"batch: {name}", pieces=(sent,), statuses=REFUSED, whole=False, never=ids)
    (body, ids), (hidden, smuggled) = _batch(bets), _batch(bets)
    inner = request(hidden, start=START)
    lines = b"content-length: %d\r\n" % len(body) + _CHUNKED
    sent = request(body, start=START, without={"content-length"}, extra=lines, sent=b"0\r\n\r\n" + inner)
    yield Story(
        name="batch: smuggled", pieces=(sent,), statuses=REFUSED, answers=2, whole=False, never=(*ids, *smuggled)
    )


def slow(random: Random, bets: Bets) -> Iterator[Story]:
    """Who takes too long is hung up on, and nothing of the batch is recorded."""
    body, ids = _batch(bets)
    cut = random.randrange(len(body))
    sent = request(body, start=START, without={"content-length"}, extra=b"content-length: 900000\r\n", sent=body[:cut])
    yield Story(name="batch: slow", pieces=(sent,), statuses=SLOW, whole=False, never=ids, ending=Ending.DRIP)


def ended(random: Random, bets: Bets) -> Iterator[Story]:
    """Of a sender that hangs up too soon, each event is recorded once, or none is."""
    for ending in (Ending.HALF_CLOSE, Ending.RESET):
        for _ in range(5):
            body, ids = _batch(bets)
            sent = request(body, start=START)
            cut = random.choice([len(sent), random.randrange(1, len(sent))])
            yield Story(
                name=f"batch: {cut} of {len(sent)} bytes, and the sender {ending.value}",
                pieces=(sent[:cut],),
                statuses=ANY,
                whole=False,
                maybe=ids if cut == len(sent) else (),
                never=() if cut == len(sent) else ids,
                ending=ending,
            )


def _batch(bets: Bets) -> tuple[bytes, tuple[str, ...]]:
    events = [bets.next() for _ in range(EVENTS)]
    return array(*map(encoded, events)), tuple(str(fields["event_id"]) for fields in events)


def _right(name: str, pieces: tuple[bytes, ...], ids: tuple[str, ...]) -> Story:
    return Story(name=f"batch: {name}", pieces=pieces, statuses=ANSWERED, accepted=ids, results=ids)
