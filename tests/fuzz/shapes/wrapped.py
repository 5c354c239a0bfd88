"""Batches whose array is somewhere in an operator's payload, with values beside it that are part of each event."""

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.fuzz.feeds import settlement, signed
from tests.fuzz.shapes.batches import TOO_LARGE
from tests.fuzz.story import ANSWERED, MALFORMED, Bets, Story
from tests.fuzz.writing import post, request

START = post("settlements/batch")
OPERATOR = '{"brand": 1}'

_NO_ARRAY = (
    *(
        "[]",
        "{}",
        "null",
        '{"data": []}',
        '{"data": null}',
        '{"data": {}}',
        '{"data": {"settlements": {}}}',
        '{"data": 1}',
    ),
    *('{"data": {"settlements": "[]"}}', '{"data": {"settlements": [] "x": 1}}', '{"data": {"settlements": []},}', "{"),
    *(
        '{"data": {"settlements": []}} x',
        '{"data": {"settlements": [], "settlements": []}}',
        '{"data.settlements": []}',
    ),
    *('{"data": {"settlements": []}, "data": 1}', '{"data": 1, "data": {"settlements": []}}', '{"settlements": []}'),
    *('{"data": {"settlements": []}, "operator": NaN}', '{"operator": {"a": 1, "a": 1}, "data": {"settlements": []}}'),
)
_BESIDE = (  # members that are nobody's, and may be anything that JSON has
    *('"x": NaN', '"x": {"a": 1, "a": 2}', '"": 1e99999999999999999999', '"\\ud800": "\\ud800"', '"x": [[[[]]]]'),
    *('"note": null', '"note": "\\u0000"', '"note": 0.10', '"settlements": [1]', '"\\u0000": "\\u0000"', '"tx": 1'),
)
_NO_OBJECTS = ("null", "false", "17", '"text"', "[]", "[{}]", "NaN", '{"a": 1, "a": 2}', "1e99999999999999999999")


def wrapped(_random: Random, bets: Bets) -> Iterator[Story]:
    """Events are found and share what they should, whatever is around them."""
    for member in _BESIDE:
        for before in (True, False):
            first, second = bets.next(), bets.next()
            array = json.dumps([settlement(first), settlement(second)])
            yield _answered(f"beside {member}", _around(array, member, before=before), _ids(first, second))
    bet = bets.next()
    own = settlement(bet) | {"operator": {"brand": "brand2"}, "note": "its own"}
    yield _answered("with an operator of its own", _around(json.dumps([own])), _ids(bet))
    bet = bets.next()
    yield _answered(
        "of others'", _around(json.dumps([{"kind": "win"}, settlement(bet), {}])), ("skipped", *_ids(bet), "422")
    )


def beside(_random: Random, bets: Bets) -> Iterator[Story]:
    """An element that is no event hurts no other."""
    for text in _NO_OBJECTS:
        first, second = bets.next(), bets.next()
        array = f"[{json.dumps(settlement(first))}, {text}, {json.dumps(settlement(second))}]"
        (one, other) = _ids(first, second)
        yield _answered(f"beside an event of {text}", _around(array), (one, "400", other))
    for brand, result in (
        ('{"brand": 7}', "403"),
        ('{"brand": []}', "422"),
        ("null", "422"),
        ("17", "422"),
        ('"x"', "422"),
    ):
        yield _answered(
            f"for an operator of {brand}", _around(json.dumps([settlement(bets.next())]), operator=brand), (result,)
        )


def unfound(_random: Random, bets: Bets) -> Iterator[Story]:
    """Where there is no array, or more than one, or the rest is no JSON, nothing is recorded."""
    for body in _NO_ARRAY:
        yield _story(f"no array: {body[:40]}", body, MALFORMED, accepted=())
    right = _around(json.dumps([settlement(bets.next())]))
    for behind in (",", "]", "}", right, '{"data": {"settlements": []}}'):
        yield _story(f"behind it {behind[:20]}", right + behind, MALFORMED, accepted=())
    shared = _around(json.dumps([settlement(bets.next())]), f'"note": "{"x" * 100_000}"')
    yield _story("sharing too much", shared, TOO_LARGE, whole=False, accepted=())
    yield _story("the array alone", json.dumps([settlement(bets.next())]), MALFORMED, accepted=())


def _around(array: str, *members: str, before: bool = True, operator: str = OPERATOR) -> str:
    found = [f'"operator": {operator}', f'"data": {{"sent": 1.50, "settlements": {array}, "more": [{{}}]}}']
    return "{" + ", ".join([*members, *found] if before else [*found, *members]) + "}"


def _ids(*found: dict[str, Any]) -> tuple[str, ...]:
    return tuple(str(bet["event_id"]) for bet in found)


def _answered(name: str, body: str, results: tuple[str, ...]) -> Story:
    return _story(name, body, ANSWERED, results=results)


def _story(name: str, body: str, statuses: frozenset[int], **expected: Any) -> Story:
    sent = request(body.encode(), start=START, credentials=signed("settlements", body.encode()))
    return Story(name=f"batch of settlements: {name}", pieces=(sent,), statuses=statuses, **expected)
