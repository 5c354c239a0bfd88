"""Credentials of every scheme, whole and broken: accepted as documented or refused with 401, never our own fault."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from tests.fuzz.feeds import BUILT_IN, SCHEMES, TOLERANCE, settlement, signed
from tests.fuzz.shapes.batches import TOO_LARGE
from tests.fuzz.shapes.documents import DEEP
from tests.fuzz.story import ANSWERED, HUNG_UP, MALFORMED, RECORDED, Bets, Story
from tests.fuzz.writing import array, encoded, post, request

UNAUTHENTICATED = frozenset({401})
UNREADABLE = frozenset({HUNG_UP, 400, 401})  # by the parser of HTTP, or by the scheme
EITHER = RECORDED | UNAUTHENTICATED
OTHERS = tuple(name for name in SCHEMES if name not in BUILT_IN and name != "cloud")
UNSIGNED = frozenset({"keyed", "bearer", "basic"})
SOME = 8  # of the values that are wrong in any header, for each of them
MUTANTS = 3  # of each header

_LONG = 8_000  # bytes of a header: what is longer may be refused by the parser too
_TIMED = ("hooks", "settlements", "stripe", "ed25519")
_EDGE = int(TOLERANCE.total_seconds())
_CLOCKS = {  # seconds that the sender's clock is ahead, and whether that is near enough
    **dict.fromkeys((-_EDGE // 2, _EDGE // 2, _EDGE - 1, _EDGE), RECORDED),
    **dict.fromkeys((-_EDGE - 1, 3 * _EDGE, -(10**9), 10**9, 10**10, -2 * 10**9, 10**11), UNAUTHENTICATED),
    -_EDGE: EITHER,  # it is behind by the fraction of a second too
}
_WRONG = (
    *(
        b"",
        b" ",
        b",",
        b"=",
        b"==",
        b"v1,",
        b"v1a,",
        b"t=",
        b"v1=",
        b"t=,v1=",
        b"sha256=",
        b"Basic",
        b"Basic ",
        b"Bearer ",
    ),
    *(
        b"Basic Og==",
        b"Basic :::",
        b"Basic \xff",
        b"Bearer \xff",
        b"0",
        b"AA==",
        b"A",
        b"=====",
        b"\xff\xfe",
        b"\xc3\xa9",
    ),
    *(b"x" * 8193, b"f" * 8192, b"A" * 20_000, b"v1=" * 2_000, b"t=1," * 2_000, b"v1a," + b"A" * 4_092, b"," * 8_000),
    *(
        b"9" * 5_000,
        b"-1",
        b"1e9",
        b"\xd9\xa1",
        b"0001-01-01T00:00:00+23:59",
        b"9999-12-31T23:59:59-23:59",
        b"2026-W47-1",
    ),
    *(
        b"v1," + b"A" * 43 + b"=",
        b"v1a," + b"A" * 86 + b"==",
        b"A" * 86 + b"==",
        b"f" * 64,
        b"f" * 128,
        b"sha256=" + b"0" * 64,
    ),
)
_Line = Callable[[str], str]  # what is made of a header's right value
_DAMAGE: dict[str, _Line] = {
    "cut": lambda value: value[: len(value) // 2],
    "cut by one": lambda value: value[:-1],
    "with a letter more": lambda value: value + "x",
    "with a letter beyond ASCII": lambda value: value + "é",
    "in quotes": lambda value: f'"{value}"',
    "reversed": lambda value: value[::-1],
}
_STRIPE: dict[str, tuple[str, frozenset[int]]] = {
    "in the other order": ("v1={v1},t={t}", RECORDED),
    "with spaces": ("  t={t} ,  v1={v1}", RECORDED),
    "in capitals": ("t={t},v1={V1}", RECORDED),
    "beside another version": ("t={t},v0=00,v1={v1},v2", RECORDED),
    "beside three others": ("t={t},v1=00,v1=,v1=xyz,v1={v1}", RECORDED),
    "before another time": ("t={t},v1={v1},t=1", RECORDED),
    "twice": ("t={t},v1={v1},t={t},v1={v1}", RECORDED),
    "beside four others": ("t={t},v1=00,v1=,v1=xyz,v1=,v1={v1}", UNAUTHENTICATED),
    "behind another time": ("t=1,t={t},v1={v1}", UNAUTHENTICATED),
    "behind no time": ("t=,t={t},v1={v1}", UNAUTHENTICATED),
    "without a time": ("v1={v1}", UNAUTHENTICATED),
    "without a signature": ("t={t}", UNAUTHENTICATED),
    "with names in capitals": ("T={t},V1={v1}", UNAUTHENTICATED),
    "with semicolons": ("t={t};v1={v1}", UNAUTHENTICATED),
    "with quotes": ('t={t},v1="{v1}"', UNAUTHENTICATED),
    "with two equals": ("t=={t},v1=={v1}", UNAUTHENTICATED),
    "beyond ASCII": ("t={t},v1={v1}\xb2", UNAUTHENTICATED),
    "of digits beyond ASCII": ("t=\xb2{t},v1={v1}", UNAUTHENTICATED),
    "too long": ("t={t},v1={v1}" + ",x" * 4_096, UNREADABLE),
}
_NO_CANONICAL = (
    *(b"\xff", b"{", b'{"a": NaN}', b'{"a": 1, "a": 1}', b'{"a": "\\ud800"}', b'{"\\udfff": 1}', b"[" * 65 + b"]" * 65),
    *(
        b"[" * 65_536,
        b"[" * 32_768 + b"]" * 32_768,
        b'{"a":' * 9_000 + b"1" + b"}" * 9_000,
        b"\xef\xbb\xbf{}",
        b"{} {}",
    ),
)


def right(_random: Random, bets: Bets) -> Iterator[Story]:
    """An event and a batch to each feed, signed as they should be."""
    for feed in OTHERS:
        event_id, body = _event(feed, bets)
        sent = request(body, start=post(feed), credentials=signed(feed, body))
        yield Story(name=f"{feed}: right", pieces=(sent,), statuses=RECORDED, accepted=(event_id,))
        if feed != "settlements":  # whose batches are shaped otherwise
            ids, events = zip(*(_event(feed, bets) for _ in range(3)), strict=True)
            whole = request(array(*events), start=post(f"{feed}/batch"), credentials=signed(feed, array(*events)))
            yield Story(name=f"{feed}: a batch", pieces=(whole,), statuses=ANSWERED, accepted=ids, results=ids)


def damaged(random: Random, bets: Bets) -> Iterator[Story]:
    """Each header of each scheme: not there, in part, with more, behind another, something else, or all but right."""
    for feed in OTHERS:
        for name in sorted(signed(feed, b"").keys() - {"content-type"}):
            yield _replaced(feed, bets, name, "missing", lambda _: [])
            yield _replaced(feed, bets, name, "behind another", lambda value: ["x", value])
            yield _replaced(feed, bets, name, "with white space", lambda value: [f" \t{value} \t"], RECORDED)
            for how, change in _DAMAGE.items():
                yield _replaced(feed, bets, name, how, partial(_changed, change))
            for wrong in random.sample(_WRONG, SOME):
                statuses = UNREADABLE if len(wrong) > _LONG else UNAUTHENTICATED
                yield _replaced(
                    feed, bets, name, f"of {wrong[:30]!r}", partial(_instead, wrong.decode("latin-1")), statuses
                )
            for _ in range(MUTANTS):
                yield _replaced(feed, bets, name, "mutated", lambda value: [_mutated(random, value)], EITHER)


def elsewhere(_random: Random, bets: Bets) -> Iterator[Story]:
    """A signature is good for the body that it was made of, as an event of one feed."""
    for feed in OTHERS:
        _, body = _event(feed, bets)
        other = OTHERS[OTHERS.index(feed) - 1]
        sent = request(body, start=post(feed), credentials=signed(other, body))
        yield _refused(f"{feed}: signed for {other}", sent)
        if feed not in UNSIGNED:
            sent = request(array(body), start=post(f"{feed}/batch"), credentials=signed(feed, body))
            yield _refused(f"{feed}: a batch, signed as an event", sent)
            sent = request(
                body.replace(b"250", b"251").replace(b"2.50", b"2.51"), start=post(feed), credentials=signed(feed, body)
            )
            yield _refused(f"{feed}: of another amount", sent)


def clocks(_random: Random, bets: Bets) -> Iterator[Story]:
    """At the edges of the time for which a signature is good."""
    for feed in _TIMED:
        for ahead, statuses in _CLOCKS.items():
            event_id, body = _event(feed, bets)
            sent = request(body, start=post(feed), credentials=signed(feed, body, ahead=ahead))
            accepted = {RECORDED: (event_id,), UNAUTHENTICATED: ()}.get(statuses)
            yield Story(name=f"{feed}: {ahead} s ahead", pieces=(sent,), statuses=statuses, accepted=accepted)


def stripe(_random: Random, bets: Bets) -> Iterator[Story]:
    """Timestamp and signatures in one header."""
    for how, (template, statuses) in _STRIPE.items():

        def written(value: str, template: str = template) -> list[str]:
            parts = dict(part.split("=") for part in value.split(","))
            return [template.format(t=parts["t"], v1=parts["v1"], V1=parts["v1"].upper())]

        yield _replaced("stripe", bets, "stripe-signature", how, written, statuses)


def canonical(_random: Random, bets: Bets) -> Iterator[Story]:
    """A body that has no canonical form cannot be signed."""
    for body in _NO_CANONICAL:
        sent = request(body, start=post("canonical"), credentials=signed("canonical", body))
        yield _refused(f"canonical: {body[:20]!r}", sent)
    sent = request(b"[" * DEEP, start=post("canonical"), credentials=signed("canonical", b""))
    yield Story(name="canonical: too large", pieces=(sent,), statuses=TOO_LARGE, whole=False, accepted=())
    sent = request(b"", start=post("canonical"), credentials=signed("canonical", b""))
    yield Story(name="canonical: nothing", pieces=(sent,), statuses=MALFORMED, accepted=())
    fields = bets.next(metadata={"é": ["😀", {"b": 1.10, "a": None}], "\uffff": 1, "\U0001f600": 2})
    body = encoded(fields) + b"\n"
    sent = request(body, start=post("canonical"), credentials=signed("canonical", body))
    yield Story(name="canonical: sorted", pieces=(sent,), statuses=RECORDED, accepted=(fields["event_id"],))


def _event(feed: str, bets: Bets) -> tuple[str, bytes]:
    """The id of a bet, and the bet as the feed takes it."""
    bet = bets.next()
    if feed == "settlements":
        return bet["event_id"], encoded(settlement(bet) | {"operator": {"brand": "1"}})
    return bet["event_id"], encoded(bet)


def _replaced(
    feed: str,
    bets: Bets,
    name: str,
    how: str,
    lines: Callable[[str], list[str]],
    statuses: frozenset[int] = UNAUTHENTICATED,
) -> Story:
    """A right request, but for one header, which comes once for each of the values that are made of the right one."""
    event_id, body = _event(feed, bets)
    credentials = signed(feed, body)
    extra = "".join(f"{name}: {value}\r\n" for value in lines(credentials[name])).encode("latin-1")
    sent = request(body, start=post(feed), without={name}, extra=extra, credentials=credentials)
    return Story(
        name=f"{feed}: {name} {how}",
        pieces=(sent,),
        statuses=statuses,
        whole=HUNG_UP not in statuses,
        accepted={RECORDED: (event_id,), UNAUTHENTICATED: ()}.get(statuses),
        never=() if 202 in statuses else (event_id,),
    )


def _changed(change: _Line, value: str) -> list[str]:
    return [change(value)]


def _instead(text: str, _value: str) -> list[str]:
    return [text]


def _refused(name: str, sent: bytes) -> Story:
    return Story(name=name, pieces=(sent,), statuses=UNAUTHENTICATED, accepted=())


def _mutated(random: Random, value: str) -> str:
    place = random.randrange(len(value))
    return value[:place] + chr(random.choice([*range(0x20, 0x7F), *range(0x80, 0x100)])) + value[place + 1 :]
