"""What one connection goes through: several requests at once, few bytes at a time, ends at every moment."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.story import ANY, HUNG_UP, RECORDED, Bets, Ending, Story
from tests.fuzz.writing import GET_LIVE, encoded, request

MANY = 50
RIGHT = frozenset({200, 202})
CUT = frozenset({HUNG_UP, 202})


def pipelined(random: Random, bets: Bets) -> Iterator[Story]:
    """Requests that do not wait for the answers to those before are answered in order."""
    events = [bets.next() for _ in range(MANY)]
    sent = [request(encoded(fields)) for fields in events]
    ids = tuple(str(fields["event_id"]) for fields in events)
    yield Story(name="pipelined", pieces=(b"".join(sent),), statuses=RECORDED, answers=MANY, accepted=ids)
    again = random.sample(range(MANY), MANY)
    mixed = b"".join(GET_LIVE + sent[number] for number in again)
    right = tuple(ids[number] for number in again)
    yield Story(name="pipelined, again and mixed", pieces=(mixed,), statuses=RIGHT, answers=2 * MANY, accepted=right)
    for noise in (
        b"\0",
        b"nonsense\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\n\r\n",
        sent[0].replace(b"content-length: ", b"content-length: x"),
    ):
        fields = bets.next()
        yield Story(
            name=f"pipelined before {noise[:20]!r}",
            pieces=(request(encoded(fields)) + noise,),
            statuses=RECORDED | {400},
            answers=2,
            whole=False,
            accepted=(fields["event_id"],),
        )


def slow(random: Random, bets: Bets) -> Iterator[Story]:
    """Bytes come as they come; whoever takes too long over a request is hung up on."""
    fields = bets.next()
    sent = request(encoded(fields))
    trickling = tuple(sent[number : number + 1] for number in range(len(sent)))
    yield Story(name="a byte at a time", pieces=trickling, statuses=RECORDED, accepted=(fields["event_id"],))
    expecting = request(encoded(fields), extra=b"expect: 100-continue\r\n", sent=b"")
    yield Story(name="a body behind its time", pieces=(expecting, encoded(fields)), statuses=RECORDED)
    for name, beginning in {
        "headers": sent[: random.randrange(20, 100)],
        "a body": request(encoded(bets.next())).replace(b"content-length: ", b"content-length: 9")[:-10],
        "chunks": request(b"", without={"content-length"}, extra=b"transfer-encoding: chunked\r\n", sent=b"fffff\r\n"),
    }.items():
        hung_up = frozenset({HUNG_UP, 400})
        yield Story(
            name=f"{name} without an end", pieces=(beginning,), statuses=hung_up, whole=False, ending=Ending.DRIP
        )


def ended(random: Random, bets: Bets) -> Iterator[Story]:
    """A sender that hangs up too soon is not told what became of its event; it is recorded once, or not at all."""
    for ending in (Ending.HALF_CLOSE, Ending.RESET):
        for _ in range(10):
            fields = bets.next()
            sent = request(encoded(fields))
            cut = random.choice([len(sent), len(sent), random.randrange(1, len(sent))])
            yield Story(
                name=f"{cut} of {len(sent)} bytes, and the sender {ending.value}",
                pieces=(sent[:cut],),
                statuses=CUT | ANY,
                whole=False,
                maybe=(fields["event_id"],),
                ending=ending,
            )
