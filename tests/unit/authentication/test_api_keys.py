"""Who is let in by a key, and in which words the others are refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.api_keys import ApiKeys

API_KEYS = ApiKeys(keys=(b"a-live-key-of-this-feed", b"its-key-until-yesterday"))
IN_ITS_HEADER = ApiKeys(keys=API_KEYS.keys, header="X-Api-Key")

BEARER_NEEDED = "the header Authorization: Bearer <key> is needed"
HEADER_NEEDED = "the header X-Api-Key: <key> is needed"
FOREIGN = "the key is not one of this feed's"


def _refusal(headers: dict[str, str], *, scheme: ApiKeys = API_KEYS) -> str | None:
    return scheme.refusal(headers, b"", now=0)


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer a-live-key-of-this-feed",
        "bearer a-live-key-of-this-feed",
        "BEARER a-live-key-of-this-feed",
        "Bearer   a-live-key-of-this-feed  ",
        "Bearer its-key-until-yesterday",
    ],
)
def test_any_live_key_is_let_in(authorization: str) -> None:
    assert _refusal({"authorization": authorization}) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "a-live-key-of-this-feed"},
        {"authorization": ""},
        {"authorization": "Bearer"},
        {"authorization": "Bearer "},
        {"authorization": "a-live-key-of-this-feed"},
        {"authorization": "Basic a-live-key-of-this-feed"},
    ],
)
def test_a_bearer_key_is_needed(headers: dict[str, str]) -> None:
    assert _refusal(headers) == BEARER_NEEDED


@pytest.mark.parametrize(
    "offered",
    [
        *("a-foreign-key", "A-LIVE-KEY-OF-THIS-FEED", "a-live-key-of-this-fee", "a-live-key-of-this-feed2"),
        *("a-live-key-of-this-feed its-key-until-yesterday", "ключ", "\xff\xfe", "\x00", "  "),
        pytest.param("x" * 100_000, id="100000 characters"),
    ],
)
def test_a_key_that_is_not_the_feeds_is_refused(offered: str) -> None:
    assert _refusal({"authorization": f"Bearer {offered}"}) == FOREIGN


def test_a_key_that_is_no_text_can_be_offered_by_nobody() -> None:
    assert _refusal({"authorization": "Bearer key"}, scheme=ApiKeys(keys=(b"\xff\xfe\x00",))) == FOREIGN


def test_without_a_live_api_key_nobody_is_let_in() -> None:
    assert _refusal({"authorization": "Bearer key"}, scheme=ApiKeys(keys=())) == FOREIGN


def test_in_a_header_of_its_own_a_key_stands_alone() -> None:
    assert _refusal({"x-api-key": "its-key-until-yesterday"}, scheme=IN_ITS_HEADER) is None
    assert _refusal({"x-api-key": "Bearer its-key-until-yesterday"}, scheme=IN_ITS_HEADER) == FOREIGN


@pytest.mark.parametrize("headers", [{}, {"x-api-key": ""}, {"authorization": "Bearer a-live-key-of-this-feed"}])
def test_the_header_of_the_key_is_needed(headers: dict[str, str]) -> None:
    assert _refusal(headers, scheme=IN_ITS_HEADER) == HEADER_NEEDED


@pytest.mark.parametrize("scheme", [API_KEYS, IN_ITS_HEADER])
def test_its_own_credentials_are_authentic(scheme: ApiKeys) -> None:
    assert _refusal(scheme.credentials(b"", message_id="", timestamp=0), scheme=scheme) is None


@given(st.dictionaries(st.sampled_from(["authorization", "x-api-key"]), st.text()))
def test_whoever_knows_no_key_is_refused(headers: dict[str, str]) -> None:
    assert _refusal(headers) is not None
    assert _refusal(headers, scheme=IN_ITS_HEADER) is not None


@pytest.mark.parametrize(("scheme", "expected"), [(API_KEYS, "Bearer"), (IN_ITS_HEADER, 'ApiKey header="X-Api-Key"')])
def test_a_refused_sender_is_told_the_scheme(scheme: ApiKeys, expected: str) -> None:
    assert expected == scheme.challenge


def test_no_key_is_ever_shown() -> None:
    assert "a-live-key" not in repr(API_KEYS)
