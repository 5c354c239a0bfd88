"""Chance: bytes of no meaning, and meaning with some bytes changed."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.story import ANY, HUNG_UP, Bets, Story
from tests.fuzz.writing import encoded, request

NOISES = 20
MUTANTS = 100
_TELLING = (
    b"\0",
    b"\r\n",
    b"\n",
    b" ",
    b":",
    b"0",
    b"\xff",
    b'"',
    b"{",
    b"[",
    b"\\u0000",
    b"e999",
    b"-",
    b",",
    b"chunked",
)


def random_bytes(random: Random, _bets: Bets) -> Iterator[Story]:
    for _ in range(NOISES):
        noise = random.randbytes(random.choice([1, 10, 100, 5_000, 100_000]))
        yield Story(name="random bytes", pieces=(noise,), statuses=frozenset({HUNG_UP, 400}), whole=False)


def mutated_requests(random: Random, bets: Bets) -> Iterator[Story]:
    """A right request, some bytes of which are others."""
    for _ in range(MUTANTS):
        sent = _mutated(random, request(encoded(bets.next())))
        yield Story(name="a mutated request", pieces=(sent,), statuses=ANY, whole=False)


def mutated_bodies(random: Random, bets: Bets) -> Iterator[Story]:
    """A body, some bytes of which are others, and signed so."""
    for _ in range(MUTANTS):
        body = _mutated(random, encoded(bets.next()))
        yield Story(name="a mutated body", pieces=(request(body),), statuses=frozenset({202, 400, 403, 422}))


def _mutated(random: Random, sent: bytes) -> bytes:
    changed = bytearray(sent)
    for _ in range(random.choice([1, 1, 2, 5, 20])):
        place = random.randrange(len(changed))
        match random.randrange(5):
            case 0:
                changed[place] ^= 1 << random.randrange(8)
            case 1:
                changed[place] = random.randrange(256)
            case 2:
                changed[place:place] = random.choice(_TELLING)
            case 3:
                changed[place : place + random.randrange(1, 20)] = b"x"
            case _:
                changed[place:place] = changed[place : place + random.randrange(1, 50)]
    return bytes(changed)
