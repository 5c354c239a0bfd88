"""Where two payloads differ is told by places alone, and by as much as makes them two events."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.differing import differing
from app.domain.document import Document, read
from app.domain.mapping import pointer

LEAVES = st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.5, -0.0]) | st.sampled_from(["", "1", "a"])
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab/~"), inner), max_leaves=8
)


def document(fields: Any) -> Document:
    return read(json.dumps({"": fields}).encode())


def told(first: str, second: str) -> dict[str, str]:
    before, now = (read(each.encode()).fields for each in (first, second))
    return {pointer(at): str(deviation) for at, deviation in differing(before, now)}


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ('{"amount": 2.5, "a": 1}', '{"a": 1.0, "amount": 2.50}', {}),
        ('{"amount": 2.5}', '{"amount": "2.5"}', {"/amount": "was different"}),
        ('{"free": true}', '{"free": 1}', {"/free": "was different"}),
        ('{"a": null}', "{}", {"/a": "was there"}),
        ("{}", '{"a": null}', {"/a": "was not there"}),
        ('{"a": {"b": {"c": 1}}}', '{"a": {"b": {"c": 2}, "d": 3}}',
         {"/a/b/c": "was different", "/a/d": "was not there"}),
        ('{"a": {"b": 1}}', '{"a": [1]}', {"/a": "was different"}),
        ('{"a": [1, 2, 3]}', '{"a": [1, 9]}', {"/a/1": "was different", "/a/2": "was there"}),
        ('{"a/b": 1, "m~n": 1}', '{"a/b": 2, "m~n": 2}', {"/a~1b": "was different", "/m~0n": "was different"}),
    ],
)  # fmt: skip
def test_each_place_is_told_with_what_is_the_matter(first: str, second: str, expected: dict[str, str]) -> None:
    assert expected == told(first, second)


@given(VALUES, VALUES)
def test_there_is_a_place_exactly_where_the_fingerprints_differ(first: Any, second: Any) -> None:
    one, other = document(first), document(second)

    assert (one.fingerprint != other.fingerprint) == any(differing(one.fields, other.fields))
