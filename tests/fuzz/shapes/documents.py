"""Bodies, signed as they are: what is no JSON, what is not quite, and JSON that no one means."""

from collections.abc import Iterator
from random import Random

from tests.fuzz.story import MALFORMED, RECORDED, Bets, Story
from tests.fuzz.writing import encoded, request

DEEP = 100_000
LONG = 100_000  # digits

_NO_OBJECTS = (b"", b" \r\n\t", b"null", b"true", b"1", b'"x"', b"[]", b"{}{}", b"{", b"}", b"{]", b"'", b"{'a': 1}")
_NO_VALUES = (
    *("NaN", "Infinity", "-Infinity", "nan", "undefined", "0x10", "01", "+1", ".5", "5.", "1e", "--1", "1_000", "True"),
    *('"\\x41"', '"\\u12"', '"a\tb"', '"\n"', '"\0"', '"open', "[1,]", '{"a": 1,}', "{a: 1}", "/**/1", "1 2"),
    *('{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 1}', '[{"b": {"": 0, "": 0}}]', '{"\\ud800": 1, "\\ud800": 2}'),
    *("[" * DEEP, "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, "[{" * 100, "[" * 65 + "]" * 65),
    *("1e99999999999999999999", "1e-99999999999999999999", "9" * LONG + "e99999999999999999999"),
)
_NO_TEXT = (
    *(b"\x80", b"\xff", b"\xfe\xff", b"\xc0\xaf", b"\xc3(", b"\xe2\x82", b"\xf0\x9f\x98", b"\xf8\x88\x80\x80\x80"),
    *(b"\xed\xa0\x80", b"\xed\xa0\xbd\xed\xb8\x80", b"\xf4\x90\x80\x80", b"\xc1\xbf", b"\xe0\x80\x80"),
)
_VALUES = (
    *("1e999999", "-1e-999999", "9" * LONG, "0." + "0" * LONG + "1", "-0", "-0.0e-0", "1E+2", "1e400", "5e-324"),
    *('"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\\u0000"', '"\\uffff\\ufeff"', '"\\/\\b\\f\\n\\r\\t"'),
    *('{"\\ud800": 1}', '{"\\u0000": 1}', '{"": ""}', '{"__proto__": {}}', '{"$ref": "#"}', '"😀\u2028\x7f"'),
    *("[" * 62 + "]" * 62, "[" + "0," * 50_000 + "0]", "{" + ", ".join(f'"{n}": {n}' for n in range(20_000)) + "}"),
    *('"' + "x" * 500_000 + '"', '"' + "\\u0041" * 50_000 + '"', '"%s %n {0} {} $1 \' ; drop table events; --"'),
)


def malformed(_random: Random, bets: Bets) -> Iterator[Story]:
    """Nothing of this is one unambiguous JSON object in UTF-8."""
    for body in _NO_OBJECTS:
        yield _story(f"no object: {body[:20]!r}", body)
    for value in _NO_VALUES:
        body = _with(bets, value)
        yield _story(f"no value: {value[:30]!r}", body)
    for text in _NO_TEXT:
        yield _story(f"no text: {text!r}", _with(bets, '"%"').replace(b"%", text))
    body = encoded(bets.next())
    for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32-be"):
        yield _story(f"in {name}", body.decode().encode(name))
    for around in (b"\0", b"\x0c", b"\xc2\xa0", b"\xef\xbb\xbf", b"x", b"\x1e"):
        yield _story(f"before it {around!r}", around + body)
        yield _story(f"behind it {around!r}", body + around)


def monstrous(_random: Random, bets: Bets) -> Iterator[Story]:
    """All of this is JSON, and an event that has a right to be recorded."""
    for value in _VALUES:
        fields = bets.next()
        body = _beside(encoded(fields), value)
        yield Story(
            name=f"monstrous: {value[:30]!r}",
            pieces=(request(body),),
            statuses=RECORDED,
            accepted=(fields["event_id"],),
        )


def _with(bets: Bets, value: str) -> bytes:
    return _beside(encoded(bets.next()), value)


def _beside(body: bytes, value: str) -> bytes:
    """A body with a field more."""
    return body[:-1] + b', "metadata": {"it": ' + value.encode() + b"}}"


def _story(name: str, body: bytes) -> Story:
    return Story(name=name, pieces=(request(body),), statuses=MALFORMED)
