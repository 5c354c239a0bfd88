"""What the log has of a refused body: enough to find the mistake, and no token that can be told."""

import json
from json import loads
from typing import Any

import pytest

from app.domain.excerpt import excerpt
from app.domain.limits import SMALL
from app.domain.mapping import Path


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


@pytest.mark.parametrize("padding", [0, SMALL], ids=["small", "large"])
@pytest.mark.parametrize(
    ("path", "inner"),
    [
        (("session",), {"session": "open-sesame"}),
        (("session",), {"session": ["open-sesame"]}),
        (("session",), {"session": {"id": "open-sesame"}}),
        (("player", "session"), {"player": {"id": "42", "session": "open-sesame"}}),
        (("sessions", 0, "id"), {"sessions": [{"id": "open-sesame"}]}),
        (("sessions", 1), {"sessions": ["none", "open-sesame"]}),
    ],
)
@pytest.mark.parametrize("batch", [False, True])
def test_a_token_is_masked_where_the_feed_has_it_whatever_it_is_called(
    path: Path, inner: dict[str, Any], padding: int, *, batch: bool
) -> None:
    event = {"player_id": "42"} | inner
    body = json.dumps([event] if batch else event).encode() + b" " * padding
    shown = excerpt(body, limit=4096, token_paths=[("other",), path])

    assert "sesame" not in shown
    assert '{"player_id": "42"' in shown


@pytest.mark.parametrize("padding", [0, SMALL], ids=["small", "large"])
@pytest.mark.parametrize(
    "inner", [["open-sesame"], {"value": "open-sesame"}, [[{"a": ["open-sesame"]}]], "open-sesame"]
)
def test_all_that_is_under_what_is_called_a_token_is_masked(inner: Any, padding: int) -> None:
    body = json.dumps({"player_id": "42", "tokens": inner}).encode() + b" " * padding

    assert excerpt(body, limit=4096).startswith('{"player_id": "42", "tokens": ')
    assert "sesame" not in excerpt(body, limit=4096)


@pytest.mark.parametrize(
    ("written", "limit"),
    [
        (r'"abc\/def+ghi\/="', 4096),
        (r'"\u0041BC-sesame"', 4096),
        (r'"s\u00E9same-one"', 4096),
        ('"abc"', 4096),
        ('"open-sesame"', 40),
        (r'"open\/\u0073esame"', 44),
        ("20261122", 4096),
        ("20261122", 40),
        ("-1.5e3", 4096),
    ],
)
@pytest.mark.parametrize("ending", ["}}", "}, }", "}}" + " " * SMALL], ids=["JSON", "no JSON", "large"])
def test_a_token_is_masked_however_its_sender_writes_it(written: str, limit: int, ending: str) -> None:
    body = f'{{"event_id": "1", "session": {{"sid": {written}{ending}'.encode()
    shown = excerpt(body, limit=limit, token_paths=[("session", "sid")])

    assert '{"event_id": "1", "session": {"sid": "***"' == shown.rstrip("} ,")


def test_an_empty_token_is_not_looked_for_elsewhere() -> None:
    assert '{"sid": "", "note": ""}' == excerpt(b'{"sid": "", "note": ""}', limit=4096, token_paths=[("sid",)])


def test_what_is_no_token_is_shown_as_it_was_written_up_to_the_limit() -> None:
    body = rb'{"url": "https:\/\/x\u002f1", "sid": "open-sesame", "amount": 1.50, "note": "too long to be shown"}'

    assert rb'{"url": "https:\/\/x\u002f1", "sid": "***", "amount": 1.50, "note": "too'.decode() == excerpt(
        body, limit=body.index(b" long"), token_paths=[("sid",)]
    )


def test_of_a_key_that_is_there_twice_no_value_is_shown() -> None:
    body = b'{"session": "open-sesame", "session": "close-sesame"}'

    assert '{"session": "***", "session": "***"}' == excerpt(body, limit=4096, token_paths=[("session",)])


def test_a_large_body_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sends it need not be authentic, and everybody would wait: a third of a second for a megabyte."""
    read = list[int]()

    def reading(body: bytes, **options: Any) -> Any:
        read.append(len(body))
        return loads(body, **options)

    monkeypatch.setattr(json, "loads", reading)
    for size in (SMALL, SMALL + 1, 1024 * 1024):
        excerpt(b'{"a": [' + b'{"token":"x"},'.ljust(size - 9) + b"]}", limit=4096)

    assert [SMALL] == read
