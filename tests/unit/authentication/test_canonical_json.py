"""The canonical form of a body: against Python's own writer, and what that one would get wrong."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.canonical_json import MAX_DEPTH, canonical

DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(max_codepoint=0xD7FF)), inner),
    max_leaves=10,
)


def _written(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@given(DOCUMENTS)
def test_it_is_what_python_writes_with_sorted_keys_and_no_spaces(document: object) -> None:
    assert _written(document) == canonical(json.dumps(document, indent=3).encode())


@given(DOCUMENTS)
def test_what_is_canonical_already_stays_as_it_is(document: object) -> None:
    assert _written(document) == canonical(_written(document))


@pytest.mark.parametrize("number", ["100.10", "1.0", "1e2", "-0", "12345678901234567.891", "1E+2"])
def test_a_number_stays_as_it_is_written(number: str) -> None:
    assert b'{"amount":' + number.encode() + b"}" == canonical(b'{ "amount" : ' + number.encode() + b" }")


def test_of_no_body_it_is_empty_so_that_a_request_without_one_can_be_signed() -> None:
    assert canonical(b"") == b""


def test_it_is_found_for_all_that_is_read() -> None:
    body = b"[" * (MAX_DEPTH - 1) + b'{"a":1}' + b"]" * (MAX_DEPTH - 1)

    assert body == canonical(body)


def test_keys_are_sorted_by_utf_16_as_javascript_does() -> None:
    """The example of RFC 8785, 3.2.3: the face's code units are below those of the letter that follows."""
    assert '{"\U0001f600":1,"\ufb33":2}'.encode() == canonical('{"\ufb33":2,"\U0001f600":1}'.encode())


@pytest.mark.parametrize(
    "body",
    [
        *(b" ", b"{", b"no JSON", b"\xff", b'{"a": NaN}', b'{"a": 1, "a": 1}', b'"\\ud800"'),
        pytest.param(b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1), id="too deep"),
        pytest.param(b"[" * 100_000, id="much too deep"),
    ],
)
def test_what_is_no_unambiguous_json_has_no_canonical_form(body: bytes) -> None:
    assert canonical(body) is None
