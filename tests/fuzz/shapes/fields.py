"""Events whose fields are of every type and size, and next to right."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.fuzz.story import Bets, Story
from tests.fuzz.writing import encoded, request

JUDGED = frozenset({202, 400, 403, 422})
EVENTS = 60

FIELDS = (
    *("event_id", "event_type", "brand_id", "player_id", "player_country", "player_token", "game_code", "provider_id"),
    *("round_id", "amount", "currency", "occurred_at", "metadata", "\ud800", "\0", ""),
)
RAW = (
    *(
        "null",
        "true",
        "0",
        "-1",
        "-0.0",
        "1e999999",
        "1e-999999",
        "9" * 5000,
        "0." + "9" * 5000,
        '""',
        '" "',
        "[]",
        "{}",
    ),
    *('"\\ud800"', '"\\u0000"', '"\\n"', '"\\u007f"', '"' + "x" * 200 + '"', '"' + "x" * 201 + '"'),
    *('"' + "\\ud83d\\ude00" * 200 + '"', '"' + "y" * 300_000 + '"', '["a", "b"]', '{"a": {"b": []}}', '"1,5"'),
    *(
        '"1e3"',
        '"' + "0" * 100 + '1.50"',
        '"٣"',
        '"NaN"',
        '"Infinity"',
        '"-1"',
        '"0x1"',
        '"1."',
        '"1_0"',
        "1e17",
        "1e18",
    ),
    *('"2026-11-22T12:00:60Z"', '"0001-01-01T00:00:00+23:59"', '"9999-12-31T23:59:59-23:59"', '"0000-00-00T00:00:00Z"'),
    *(
        '"2026-11-22T12:00:00.123456789Z"',
        '"2026-11-22t12:00:00z"',
        '"1T"',
        '"1763812800T"',
        '"T1"',
        '"' + "1" * 5000 + 'T"',
    ),
    *('"2026-11-22T12:00:00+99:99"', '"2026-11-22T24:00:00Z"', '"-2026-11-22T12:00:00Z"', '"2026-W47-7T12:00:00Z"'),
)


def one_field(random: Random, bets: Bets) -> Iterator[Story]:
    """A right event, but for one field: each field with some of the values."""
    for name in FIELDS:
        for raw in random.sample(RAW, 15):
            fields = bets.next()
            body = encoded(fields | {name: "RAW"}).replace(b'"RAW"', raw.encode())
            yield Story(name=f"{name!r} is {raw[:40]}", pieces=(request(body),), statuses=JUDGED)


def all_fields(random: Random, bets: Bets) -> Iterator[Story]:
    """Anything in any field."""
    for _ in range(EVENTS):
        fields = bets.next()
        for name in random.sample(FIELDS, random.randint(1, len(FIELDS))):
            fields[name] = _value(random, 4)
        yield Story(name="anything in any field", pieces=(request(encoded(fields)),), statuses=JUDGED)


def _value(random: Random, depth: int) -> Any:
    match random.randrange(8 if depth else 6):
        case 0:
            return random.choice([None, True, False])
        case 1:
            return random.randint(-(10**30), 10**30)
        case 2:
            return random.uniform(-1, 1) * 10 ** random.randint(-300, 300)
        case 3:
            return json.loads(
                random.choice(['"\\ud800"', '"\\u0000"', '"a"', "0.1", '"2026-11-22T12:00:00Z"', '"EUR"'])
            )
        case 4 | 5:
            return "".join(chr(random.choice([random.randrange(128), random.randrange(0x11_0000)])) for _ in range(8))
        case 6:
            return [_value(random, depth - 1) for _ in range(random.randrange(4))]
        case _:
            return {str(_value(random, 0)): _value(random, depth - 1) for _ in range(random.randrange(4))}
