"""Batches of bets: what is wrong with an event hurts no other, and what is wrong with the whole records nothing."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from tests.fuzz.feeds import BATCH_LIMIT
from tests.fuzz.shapes.documents import DEEP, LONG
from tests.fuzz.story import ANSWERED, MALFORMED, Bets, Story
from tests.fuzz.writing import array, encoded, post, request

START = post("bet/batch")
TOO_LARGE = frozenset({413})
MIXED = 10  # batches in a round
SMALL = 10_000  # bytes
MUTANTS = 50

_NO_EVENTS = {  # JSON, and yet no event; or so near to one
    **dict.fromkeys(("null", "true", "17", "1e5", '"text"', '""', "[]", "[{}]", "[[[]]]", "NaN", "-Infinity"), "400"),
    **dict.fromkeys(("1e99999999999999999999", '{"a": 1, "a": 2}', '{"": {"b": 1, "\\u0062": 2}}'), "400"),
    **dict.fromkeys(("[" * 500 + "]" * 500, "[" * DEEP + "]" * DEEP, '{"a": [' * DEEP + "]}" * DEEP), "400"),
    **dict.fromkeys(("{}", '{"event_id": null}', '{"\\ud800": "\\ud800"}', '{"events": [{}]}'), "422"),
}
_WRONG_VALUES = {  # of the amount
    **dict.fromkeys(("NaN", "Infinity", "1e99999999999999999999", '{"a": 1, "a": 1}', "[" * 70 + "]" * 70), "400"),
    **dict.fromkeys(
        ("-1", "null", "{}", "1e999999", "1e-999999", "9" * LONG, '"\\ud800"', '"\\u0000"', '"1,5"'), "422"
    ),
}
_NO_JSON = (
    *(
        b"",
        b" ",
        b"[",
        b"]",
        b"[,]",
        b"[{}",
        b"{}",
        b"null",
        b"17",
        b'"[]"',
        b"[]]",
        b"[] []",
        b"[]\0",
        b"\0[]",
        b"[{]}",
    ),
    *(
        b"\xef\xbb\xbf[]",
        b"[\xc2\xa0]",
        b"\xff\xfe[\0]\0",
        b"[" * DEEP,
        b"[1 2]",
        b"[01]",
        b"['a']",
        b"[nul]",
        b"[\x0c]",
    ),
)
_SPOILING = (  # an event that spoils the whole: of what is no JSON, nobody knows where it ends
    *(
        b'{"a": "\xff"}',
        b'{"a": "\xed\xa0\x80"}',
        b'{"a": "\xc0\xaf"}',
        b'{"a": "\0"}',
        b'{"a": "\n"}',
        b"{'a': 1}",
        b"{",
    ),
    *(b'{"a": 1,}', b'{"a" 1}', b'{"a": "\\x41"}', b"undefined", b"+1", b"", b"//", b'"open', b'{"a": "\\u12"}', b"}"),
)
_BYTES = (b"", b",", b"]", b"[", b'"', b"{", b"\0", b"9", b"\xff", b"\\")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One of a batch, and the result that is right for it: see `Story.results`."""

    text: bytes
    result: str

    @staticmethod
    def good(bets: Bets) -> "Item":
        fields = bets.next()
        return Item(text=encoded(fields), result=fields["event_id"])


def batch(name: str, *items: Item) -> Story:
    """Each event has its own result, whatever the others are."""
    results = tuple(item.result for item in items)
    return Story(
        name=f"batch: {name}",
        pieces=(request(array(*(item.text for item in items)), start=START),),
        statuses=ANSWERED,
        accepted=tuple(result for result in results if not result.isdigit()),
        results=results,
    )


def beside(random: Random, bets: Bets) -> Iterator[Story]:
    """Events that are recorded beside some that cannot be: one of each, and many mixed."""
    wrong = [Item(text=text.encode(), result=status) for text, status in _NO_EVENTS.items()]
    wrong += [_with_amount(bets, text, status) for text, status in _WRONG_VALUES.items()]
    wrong.append(Item(text=encoded(bets.next(brand_id="brand3")), result="403"))
    for item in wrong:
        yield batch(f"beside {item.text[:30]!r}", Item.good(bets), item, Item.good(bets))
    small = [item for item in wrong if len(item.text) < SMALL]  # several of the others would be too large together
    for _ in range(MIXED):
        few = random.sample(small, random.randint(1, 5)) + [Item.good(bets) for _ in range(random.randint(0, 10))]
        random.shuffle(few)
        yield batch("mixed", *few)


def repeated(_random: Random, bets: Bets) -> Iterator[Story]:
    """Of several events with one key the first counts, in a batch and from one to the next."""
    good, other = Item.good(bets), Item.good(bets)
    fields = json.loads(good.text)
    again = Item(text=json.dumps(fields, indent=1, sort_keys=True).encode(), result=good.result)
    conflict = Item(text=encoded(fields | {"amount": "2.51"}), result="409")
    items = (good, conflict, again, other, good, conflict)
    yield batch("the same again", *items)
    more = (*items, Item.good(bets)), tuple(reversed(items)), (Item.good(bets),) * BATCH_LIMIT
    results = tuple(item.result for each in more for item in each)
    yield Story(
        name="batch: pipelined",
        pieces=(b"".join(request(array(*(item.text for item in each)), start=START) for each in more),),
        statuses=ANSWERED,
        answers=len(more),
        results=results,
    )


def bounds(_random: Random, bets: Bets) -> Iterator[Story]:
    """From none to the largest, and beyond."""
    yield batch("of nothing")
    yield batch("the largest", *(Item.good(bets) for _ in range(BATCH_LIMIT)))
    yield _refused("too many", array(*(encoded(bets.next()) for _ in range(BATCH_LIMIT + 1))), TOO_LARGE)
    yield _refused("too many that are nothing", array(*[b"0"] * 300_000), TOO_LARGE)
    yield _refused("too large", array(encoded(bets.next()), b'"' + b"x" * 1_000_000 + b'"'), TOO_LARGE)
    large = bets.next(metadata={"it": "x" * 900_000})
    yield batch("of a large event", Item(text=encoded(large), result=large["event_id"]), Item.good(bets))


def refused_whole(random: Random, bets: Bets) -> Iterator[Story]:
    """What is not JSON with an array records nothing, however right its events are."""
    for body in _NO_JSON:
        yield _refused(f"no array: {body[:20]!r}", body)
    for text in _SPOILING:
        good = encoded(bets.next()), encoded(bets.next())
        yield _refused(f"spoilt by {text!r}", array(good[0], text, good[1]))
    whole = array(*(encoded(bets.next()) for _ in range(5)))
    for length in random.sample(range(len(whole)), 10):
        yield _refused(f"{length} bytes of it", whole[:length])
    for name in ("utf-8-sig", "utf-16", "utf-32-be"):
        yield _refused(f"in {name}", whole.decode().encode(name))


def mutated(random: Random, bets: Bets) -> Iterator[Story]:
    """A batch, a few bytes of which are others."""
    for _ in range(MUTANTS):
        body = bytearray(array(*(encoded(_mutant(bets)) for _ in range(3))))
        for _ in range(random.choice([1, 1, 2, 5])):
            place = random.randrange(len(body))
            body[place : place + random.randrange(2)] = random.choice(_BYTES)
        yield Story(name="batch: mutated", pieces=(request(bytes(body), start=START),), statuses=ANSWERED | MALFORMED)


def _mutant(bets: Bets) -> dict[str, Any]:
    """With an id that is nobody else's, also when a byte of it is another."""
    fields = bets.next()
    return fields | {"event_id": f"mutant {fields['event_id']} of a batch"}


def _with_amount(bets: Bets, text: str, status: str) -> Item:
    return Item(text=encoded(bets.next(amount="RAW")).replace(b'"RAW"', text.encode()), result=status)


def _refused(name: str, body: bytes, statuses: frozenset[int] = MALFORMED) -> Story:
    """Nothing of it may be recorded: the books know no event that nobody was told of."""
    whole = statuses == MALFORMED  # a body that is too large is not read to its end
    return Story(
        name=f"batch: {name}", pieces=(request(body, start=START),), statuses=statuses, whole=whole, accepted=()
    )
