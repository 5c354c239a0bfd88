"""A body is read without losing a digit, refused where two readers could differ, and told apart by its content."""

import gzip
import json
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.document import MAX_DEPTH, MalformedDocumentError, fields, read

Spellings = tuple[str, ...]  # ways to write one number


def _spellings(coefficient: int, exponent: int) -> Spellings:
    if coefficient == 0:
        return ("0", "-0", "0.00", "0e7", "-0E-7")
    plain = format(Decimal(f"{coefficient}e{exponent}"), "f")
    return (f"{coefficient}e{exponent}", f"{coefficient}0E{exponent - 1}", f"{coefficient}.00e{exponent:+}", plain)


NUMBERS = st.builds(_spellings, st.integers(-(10**30), 10**30), st.integers(-40, 40))
VALUES = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | NUMBERS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=15,
)
OBJECTS = st.dictionaries(st.text(max_size=5), VALUES, max_size=4)

# Bodies from so small a vocabulary that equal content is met in different forms, and different content in similar ones.
LEAVES = st.sampled_from(["0", "-0", "1", "1.0", "10e-1", '"1"', '"1e0"', "true", '"True"', "null", '""', '",1e0"'])
BODIES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=2).map(lambda items: f"[{','.join(items)}]")
        | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2).map(
            lambda fields: "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items()) + "}"
        )
    ),
    max_leaves=4,
).map(lambda value: f'{{"a":{value}}}')


def _written(value: Any, random: Random) -> str:
    """A value in any of the ways in which JSON lets it be written."""
    space = random.choice(["", " ", "\r\n\t"])
    match value:
        case tuple():
            return f"{space}{random.choice(value)}"
        case list():
            return f"{space}[{','.join(_written(item, random) for item in value)}{space}]"
        case dict():
            items = random.sample(list(value.items()), len(value))
            pairs = (f"{_written(key, random)}{space}:{_written(item, random)}" for key, item in items)
            return f"{space}{{{','.join(pairs)}{space}}}"
        case _:
            return space + json.dumps(value, ensure_ascii=random.choice([True, False]))


def _meaning(value: Any) -> Any:
    """A value parsed with Fraction, in a form that compares equal exactly where the content is the same."""
    match value:
        case dict():
            return "object", {key: _meaning(item) for key, item in value.items()}
        case list():
            return "array", [_meaning(item) for item in value]
        case _:
            return type(value), value


def _nested(levels: int, innermost: str = "") -> bytes:
    return ('{"a":' * (levels - 1) + "{" + innermost + "}" * levels).encode()


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{", b'{"a"', b'{"a":', b'{"a": 1', b'{"a": "b', b'{"a": tru', b'{"a": "\\', b'{"a": [1', b'{"a": 1}}'),
        *(b'{"a": 1,}', b'{"a": [1,]}', b'{"a" 1}', b"{a: 1}", b"{'a': 1}", b'{"a": 1} {}', b'{"a": 1} // b', b"\x00"),
        *(b'{"a": 01}', b'{"a": +1}', b'{"a": .5}', b'{"a": 1.}', b'{"a": 1e}', b'{"a": 0x1}', b'{"a": 1_0}'),
        *('{"a": \u0661}'.encode(), '{"a": 1.\uff11}'.encode(), "\u00a0{}".encode(), "\ufeff{}".encode()),
        *(b'{"a": "\\x41"}', b'{"a": "\\u12"}', *(b'{"a": "%c"}' % control for control in range(0x20))),
    ],
)
def test_what_is_not_json_is_refused_with_its_place(body: bytes) -> None:
    with pytest.raises(MalformedDocumentError, match=r" at line 1, column \d+$"):
        read(body)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'\n{"a": 1,\n "b"}', "line 3, column 5"),
        (b'{"a": "\xe9"}', "not UTF-8 at byte 7"),
        ('{"a": 1}'.encode("utf-16"), "^not UTF-8 at byte 0: it is UTF-16$"),
        (gzip.compress(b'{"a": 1}'), "^not UTF-8 at byte 1: it is compressed by gzip, and is read as it comes$"),
        (b" \n", "^nothing is there, at line 2, column 1$"),
        ("\ufeff{}".encode(), "^a byte order mark, which JSON has not, at line 1, column 1$"),
        (b'{"a": "\xed\xa0\x80"}', "not UTF-8 at byte 7"),
        (b'{"a": NaN}', "^NaN is not a JSON number"),
        (b'{"a": [Infinity]}', "^Infinity is not a JSON number"),
        (b'{"a": -Infinity}', "^-Infinity is not a JSON number"),
        (b'{"a": 1, "a": 1}', "the same key twice"),
        (b'{"a": 1, "\\u0061": 2}', "the same key twice"),
        (b'{"a": [{"b": {"c": 1, "c": 2}}]}', "the same key twice"),
        *((body, "^not a JSON object$") for body in (b'"text"', b"1", b"true", b"null")),
        *((body, "^not a JSON object, but an array$") for body in (b"[]", b'[{"a": 1}]')),
        (b'{"a": 1e99999999999999999999}', "exponent"),
        (b'{"a": -1e-99999999999999999999}', "exponent"),
        pytest.param(b'{"a": 1e%s}' % (b"9" * 5_000), "exponent", id="exponent of 5000 digits"),
        pytest.param(_nested(65), "deeper than 64 levels", id="65 levels"),
        pytest.param(_nested(100_000), "deeper than 64 levels", id="100000 levels"),
        pytest.param(b'{"a":' + b"[" * 64 + b"]" * 64 + b"}", "deeper than 64 levels", id="64 arrays in an object"),
        pytest.param(b"[" * 100_000, "deeper than 64 levels", id="100000 arrays, none closed"),
    ],
)
def test_json_that_two_readers_could_take_differently_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(MalformedDocumentError, match=words):
        read(body)


@given(st.binary() | st.text('{}[]":,.+-0123456789eEtrufalsn\\ \n').map(str.encode))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(MalformedDocumentError):
        assert body == read(body).text.encode()


@pytest.mark.parametrize("innermost", ["", '"a": 1', '"a": null'])
def test_64_levels_are_read(innermost: str) -> None:
    body = _nested(64, innermost)

    assert body.decode() == read(body).text


@pytest.mark.parametrize("text", ["12345678901234567.891", "0.10", "1E+400", "9" * 5_000, "-" + "9" * 5_001], ids=len)
def test_a_number_keeps_every_digit(text: str) -> None:
    expected = Decimal(text).as_tuple()

    assert expected == read(b'{"a": %s}' % text.encode()).fields["a"].as_tuple()


def test_the_text_is_the_body_as_it_came() -> None:
    expected = ' { "b":1.0,\n"a":"é\\u00e9" }\n'

    assert expected == read(expected.encode()).text


def test_a_fingerprint_is_32_bytes() -> None:
    assert len(read(b"{}").fingerprint) == 32


@given(OBJECTS, st.randoms(use_true_random=False))
def test_order_white_space_escapes_and_the_form_of_numbers_do_not_matter(
    fields: dict[str, Any], random: Random
) -> None:
    one, other = (_written(fields, random).encode() for _ in range(2))

    assert read(one).fingerprint == read(other).fingerprint


@given(BODIES, BODIES)
def test_fingerprints_are_equal_exactly_where_the_content_is(one: str, other: str) -> None:
    meanings = [_meaning(json.loads(text, parse_int=Fraction, parse_float=Fraction)) for text in (one, other)]
    same = meanings[0] == meanings[1]

    assert same == (read(one.encode()).fingerprint == read(other.encode()).fingerprint)


@pytest.mark.parametrize(
    ("one", "others"),
    [
        ("1", ["1.0", "1.000", "1e0", "10e-1", "0.1E+1", "0.01e2", "1E-0"]),
        ("0", ["-0", "0.0", "-0.00", "0e5", "0E-5"]),
        ("-2.5", ["-2.50", "-25e-1", "-0.25e1"]),
        ("1000", ["1e3", "1E+3", "1000.0"]),
    ],
)
def test_a_number_is_the_same_in_every_form(one: str, others: list[str]) -> None:
    expected = {read(b'{"a": %s}' % one.encode()).fingerprint}

    assert expected == {read(b'{"a": %s}' % other.encode()).fingerprint for other in others}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (b'{"a": true}', b'{"a": 1}'),
        (b'{"a": false}', b'{"a": 0}'),
        (b'{"a": true}', b'{"a": "True"}'),
        (b'{"a": null}', b'{"a": "None"}'),
        (b'{"a": null}', b"{}"),
        (b'{"a": null}', b'{"a": false}'),
        (b'{"a": 1}', b'{"a": "1"}'),
        (b'{"a": 1}', b'{"a": "1e0"}'),
        (b'{"a": 1}', b'{"a": -1}'),
        (b'{"a": 1}', b'{"a": 10}'),
        (b'{"a": 1}', b'{"a": 1.0000000000000000000000000000000001}'),
        (b'{"a": 12345678901234567.891}', b'{"a": 12345678901234567.892}'),
        (b'{"a": [1, 2]}', b'{"a": [2, 1]}'),
        (b'{"a": [1, 2]}', b'{"a": [12]}'),
        (b'{"a": [10, 0]}', b'{"a": [10000000000]}'),
        (b'{"a": [[], 1]}', b'{"a": [[1]]}'),
        (b'{"a": [1, [2]]}', b'{"a": [[1, 2]]}'),
        (b'{"a": []}', b'{"a": {}}'),
        (b'{"a": ""}', b'{"a": null}'),
        (b'{"a": "b"}', b'{"b": "a"}'),
        (b'{"a": "b"}', b'{"A": "b"}'),
        (b'{"a": {"b": 1}, "c": 2}', b'{"a": {"b": 1, "c": 2}}'),
        (b'{"a": "1\\",\\"b\\":\\"2"}', b'{"a": "1", "b": "2"}'),
        ('{"a": "é"}'.encode(), '{"a": "e\u0301"}'.encode()),
        (b'{"a": "\\ud83d\\ude00"}', b'{"a": "\\ude00\\ud83d"}'),
    ],
)
def test_different_content_has_different_fingerprints(one: bytes, other: bytes) -> None:
    assert read(one).fingerprint != read(other).fingerprint


@given(st.dictionaries(st.text(), st.recursive(st.integers() | st.text(), st.lists)))
def test_the_fields_alone_are_those_of_the_document(value: dict[str, Any]) -> None:
    text = json.dumps(value)

    assert read(text.encode()).fields == fields(text)


@pytest.mark.parametrize("text", ["[]", "{", '{"a": 1, "a": 1}', '{"a": NaN}', '{"a": 1e9999999999999999999}'])
def test_what_is_no_document_has_no_fields(text: str) -> None:
    with pytest.raises(MalformedDocumentError):
        fields(text)


def test_the_fields_alone_take_no_canonical_form() -> None:
    """Which would be refused."""
    text = '{"a": ' * (MAX_DEPTH + 1) + "{}" + "}" * (MAX_DEPTH + 1)
    with pytest.raises(MalformedDocumentError):
        read(text.encode())

    assert ["a"] == list(fields(text))
