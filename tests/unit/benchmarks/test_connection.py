"""Where an answer ends."""

import pytest

from benchmarks.generator.connection import ending

HEAD = b"HTTP/1.1 202 Accepted\r\ndate: now\r\nContent-Length: 4\r\nx: y\r\n\r\n"


@pytest.mark.parametrize("head", [HEAD, HEAD.lower(), HEAD.replace(b": 4", b":4")])
def test_an_answer_ends_with_its_body(head: bytes) -> None:
    assert [len(head) + 4] * 3 == [ending(head), ending(head + b"ab"), ending(head + b"abcd")]


@pytest.mark.parametrize("cut", [1, 10, len(HEAD) - 1])
def test_nothing_is_known_before_the_head_is_whole(cut: int) -> None:
    assert ending(HEAD[:cut]) is None


def test_a_length_in_the_body_is_not_the_answers() -> None:
    with pytest.raises(ValueError, match="Content-Length"):
        ending(b"HTTP/1.1 200 OK\r\n\r\n\r\ncontent-length: 4\r\n\r\n")
