"""Who is let in by a user and a password, and in which words the others are refused."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.basic import Basic

BASIC = Basic(users=(b"fast-track:correct horse battery", "später:bis-gestern-gültig".encode()))

NEEDED = "the header Authorization: Basic <base64 of user:password> is needed"
NOT_BASE64 = "what follows Basic is not the base64 of user:password"
FOREIGN = "user and password are none of this feed's"


def _refusal(authorization: str) -> str | None:
    return BASIC.refusal({"authorization": authorization}, b"", now=0)


def _encoded(user: bytes) -> str:
    return base64.b64encode(user).decode()


@pytest.mark.parametrize("user", BASIC.users)
@pytest.mark.parametrize("kind", ["Basic", "basic", "BASIC"])
def test_any_live_user_is_let_in(user: bytes, kind: str) -> None:
    assert _refusal(f"{kind} {_encoded(user)}") is None


def test_its_own_credentials_are_authentic() -> None:
    assert BASIC.refusal(BASIC.credentials(b"", message_id="", timestamp=0), b"", now=0) is None


@pytest.mark.parametrize("authorization", ["", "Basic", "Basic ", "Bearer abc", _encoded(BASIC.users[0])])
def test_a_user_is_needed(authorization: str) -> None:
    assert _refusal(authorization) == NEEDED
    assert BASIC.refusal({}, b"", now=0) == NEEDED


@pytest.mark.parametrize("encoded", ["fast-track:correct horse battery", "é", "A", "AAA", "\x00", "AAAA=AAAA"])
def test_what_is_not_base64_is_called_so(encoded: str) -> None:
    assert _refusal(f"Basic {encoded}") == NOT_BASE64


@pytest.mark.parametrize(
    "user", [b":", b"fast-track:", b"fast-track:correct horse batter", b"Fast-track:correct horse battery", b"\xff\xfe"]
)
def test_another_user_or_password_is_refused(user: bytes) -> None:
    assert _refusal(f"Basic {_encoded(user)}") == FOREIGN


@given(st.text())
def test_whoever_knows_no_user_is_refused(text: str) -> None:
    assert _refusal(text) is not None
    assert _refusal(f"Basic {_encoded(text.encode())}") == FOREIGN if text else True


def test_a_refused_sender_is_told_the_scheme() -> None:
    assert BASIC.challenge == 'Basic realm="events", charset="UTF-8"'


def test_no_password_is_ever_shown() -> None:
    assert "battery" not in repr(BASIC)
