"""Sample payloads in a file: one, or an array of them, byte for byte."""

import pytest

from app.cli.samples import bodies


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'{"a": 1.50}', [b'{"a": 1.50}']),
        (b' [ {"a": 1.50} ,\n{"a":1,"a":2}, 7 ]\n', [b'{"a": 1.50}', b'{"a":1,"a":2}', b"7"]),
        ('["é", {"b": [1, 2]}]'.encode(), ['"é"'.encode(), b'{"b": [1, 2]}']),
        (b"[" + b"9" * 5000 + b"]", [b"9" * 5000]),
    ],
)
def test_the_items_of_an_array_are_as_they_are_in_the_file(content: bytes, expected: list[bytes]) -> None:
    assert expected == bodies(content)


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"[", b"[1", b"[1 2]", b"[1,]", b"[1] 2", b"\xff", b"[[" * 100_000, b"nothing"]
)
def test_what_is_no_array_is_one_body_for_the_feed_to_refuse(content: bytes) -> None:
    assert [content] == bodies(content)
