"""What the log has of a refused body: enough to find the mistake, and no token that can be told."""

import json

import pytest

from app.domain.excerpt import excerpt


def test_a_token_is_masked_by_its_name_and_wherever_else_it_is() -> None:
    body = json.dumps({"player_token": "open-sesame", "metadata": {"url": "https://x/?t=open-sesame"}, "amount": "1"})

    assert '{"player_token": "***", "metadata": {"url": "https://x/?t=***"}, "amount": "1"}' == excerpt(
        body.encode(), limit=4096
    )


@pytest.mark.parametrize(
    "body",
    [
        b'{"player_token": "open-sesame", "amount": 1,}',
        b'{"player_token": "open-sesame',
        b'\xff{"player_token": "open-sesame"}',
        b'{"player_tok\\u0065n": "open-sesame", "again": "open-sesame"}',
    ],
    ids=["a comma too many", "cut off", "not UTF-8", "an escaped name"],
)
def test_a_token_is_masked_in_what_can_not_be_read_too(body: bytes) -> None:
    assert "sesame" not in excerpt(body, limit=4096)


def test_no_more_is_shown_than_the_limit_and_a_token_that_is_cut_is_masked() -> None:
    body = json.dumps({"padding": "x" * 50, "player_token": "open-sesame", "rest": "y" * 50}).encode()
    shown = excerpt(body, limit=body.index(b"sesame") + 3)

    assert shown.endswith('"player_token": "***"')


def test_bytes_that_are_no_text_are_escaped() -> None:
    assert "\\xff\\xfe{" == excerpt(b"\xff\xfe{", limit=4096)
