"""A platform's own payload, whose fields are found by a mapping: each of every type and size."""

import json
from collections.abc import Iterator
from random import Random

from tests.fuzz.feeds import settlement, signed
from tests.fuzz.shapes.fields import JUDGED, RAW
from tests.fuzz.story import Bets, Story
from tests.fuzz.writing import post, request

SOME = 12  # values for each field

_FIELDS = ("type", "users", "game", "round", "cents", "bonus", "currency", "at", "status", "free")
_MORE = (
    *(
        '["a"]',
        '["a", {}]',
        '[null, "p"]',
        '{"1": "p"}',
        '{"0": 1, "1": 2}',
        '{"code": {"code": 1}}',
        '{"provider": 1}',
    ),
    *(
        "1795348800000.5",
        "-1",
        "253402300799999",
        "253402300800000",
        '"1795348800000"',
        "1e13",
        "1.5e2",
        "250.0",
        "1e-999",
    ),
    *(
        "251",
        '"251"',
        '"-0"',
        "978",
        "978.0",
        '"978"',
        '"EUR"',
        "true",
        '"true"',
        "1" + "0" * 300,
        "0." + "0" * 300 + "1",
    ),
)
_WHOLE = ("{}", "[]", "null", '"x"', "17", '{"id": [1]}', '{"id": {}}', '{"users": ["", ""]}', "[[[[]]]]")


def one_field(random: Random, bets: Bets) -> Iterator[Story]:
    """A right payload, but for one field."""
    for name in _FIELDS:
        for raw in random.sample(RAW + _MORE, SOME):
            bet = bets.next()
            payload = settlement(bet, **{name: "RAW"}) | {"operator": {"brand": "brand2"}}
            yield _story(f"{name} is {raw[:40]}", json.dumps(payload).replace('"RAW"', raw))


def other_nesting(random: Random, bets: Bets) -> Iterator[Story]:
    """Something else where an object with fields should be."""
    for raw in _WHOLE:
        yield _story(f"tx is {raw}", '{"kind": "bet", "operator": {"brand": "brand1"}, "tx": ' + raw + "}")
        payload = json.dumps(settlement(bets.next()))
        yield _story(f"operator is {raw}", payload[:-1] + f', "operator": {raw}}}')
        yield _story(f"brand is {raw}", payload[:-1] + f', "brand": {raw}}}')
    deep = random.randrange(55, 70)
    payload = json.dumps(settlement(bets.next(), game="RAW")).replace('"RAW"', '{"code":' * deep + "1" + "}" * deep)
    yield _story(f"{deep} deep", payload)


def _story(name: str, body: str) -> Story:
    sent = request(body.encode(), start=post("settlements"), credentials=signed("settlements", body.encode()))
    return Story(name=f"payload: {name}", pieces=(sent,), statuses=JUDGED)
