"""Masking: no player's token, and everything else to the byte."""

import json

import pytest

from app.domain.masking import masked, tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"token": "abc", "base_wager": 1.50}', '{"token": "***", "base_wager": 1.50}'),
        ('{"player_token":"a\\"b"}', '{"player_token":"***"}'),
        ('{"metadata": {"sessionToken" : "abc"}}', '{"metadata": {"sessionToken" : "***"}}'),
        ('{"token": 12345, "round": 1}', '{"token": "***", "round": 1}'),
        ('{"token": null}', '{"token": null}'),
        ('{"token": ""}', '{"token": "***"}'),
        ('{"error": "x", "token": "cut o', '{"error": "x", "token": "***"'),
        ("no JSON at all", "no JSON at all"),
    ],
)
def test_what_is_called_a_token_is_masked(text: str, expected: str) -> None:
    assert expected == masked(text, ())


def test_a_known_token_is_masked_wherever_it_is_repeated() -> None:
    known = tokens('{"token": "s\\u00e9same-1"}')

    assert 'no session *** / "***"' == masked('no session s\u00e9same-1 / "s\\u00e9same-1"', known)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r'{"sid": "ABC\/d\u00e9f"}', '{"sid": "***"}'),
        (r'{"sid": "\u0041BC/d\u00E9f"}', '{"sid": "***"}'),
        (r'{"url": "https:\/\/x\/ABC\/d\u00e9f"}', r'{"url": "https:\/\/x\/***"}'),
        (r'{"url": "https:\/\/x\/ABC\/déf"}', r'{"url": "https:\/\/x\/***"}'),
    ],
)
def test_a_known_token_is_masked_however_its_characters_are_escaped(text: str, expected: str) -> None:
    assert expected == masked(text, {"ABC/déf"})


def test_a_token_too_short_to_tell_is_masked_under_its_name_only() -> None:
    assert '{"token": "***", "round": "1"}' == masked('{"token": "1", "round": "1"}', {"1"})


def test_tokens_are_found_however_deep_and_however_their_names_are_written() -> None:
    document = json.dumps({"a": [{"to\u006ben": "one"}], "player_token": "two", "token": None})

    assert {"one", "two"} == tokens(document.replace("token", "\\u0074oken"))


def test_all_texts_under_a_token_are_tokens() -> None:
    assert {"one", "two"} == tokens(
        '{"tokens": ["one", 1, null], "a": [{"token": {"value": "two"}, "value": "three"}]}'
    )


@pytest.mark.parametrize("text", ["", "null", "[1]", "{", "[" * 100_000])
def test_there_are_none_in_what_has_none(text: str) -> None:
    assert set() == tokens(text)
