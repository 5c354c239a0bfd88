"""Signatures, against the official library and an example of the specification."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.domain.signature import matches, secret_bytes, sign

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = secret_bytes(SECRET)
OTHER_KEY = bytes(range(24))
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

KEYS = st.binary(min_size=24, max_size=64)
IDS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40)
TIMESTAMPS = st.integers(0, 9_999_999_999)


def _accepts(signatures: str, *, keys: tuple[bytes, ...] = (KEY,)) -> bool:
    return matches(keys, message_id=ID, timestamp=TIMESTAMP, body=BODY, signatures=signatures)


def _flipped(data: bytes, index: int, flip: int) -> bytes:
    index %= len(data)
    return data[:index] + bytes([data[index] ^ flip]) + data[index + 1 :]


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    expected = SIGNATURE

    assert expected == sign(KEY, message_id=ID, timestamp=TIMESTAMP, body=BODY)


@given(key=KEYS, message_id=IDS, timestamp=TIMESTAMPS, text=st.text())
def test_what_the_official_library_signs_matches(key: bytes, message_id: str, timestamp: int, text: str) -> None:
    official = Webhook(key).sign(message_id, datetime.fromtimestamp(timestamp, UTC), text)

    assert official == sign(key, message_id=message_id, timestamp=timestamp, body=text.encode())
    assert matches([key], message_id=message_id, timestamp=timestamp, body=text.encode(), signatures=official)


def test_the_official_library_verifies_what_is_signed_here() -> None:
    timestamp = int(datetime.now(UTC).timestamp())  # the library reads the clock, and allows five minutes
    headers = {
        "webhook-id": ID,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(KEY, message_id=ID, timestamp=timestamp, body=BODY),
    }

    assert Webhook(SECRET).verify(BODY, headers) == {"test": 2432232314}


@pytest.mark.parametrize(
    ("keys", "signers", "expected"),
    [
        ((KEY,), [KEY], True),
        ((KEY, OTHER_KEY), [KEY], True),
        ((OTHER_KEY, KEY), [KEY], True),
        ((KEY,), [OTHER_KEY, KEY], True),
        ((KEY,), [KEY, OTHER_KEY], True),
        ((KEY, OTHER_KEY), [OTHER_KEY, KEY], True),
        ((KEY,), [OTHER_KEY], False),
        ((KEY,), [OTHER_KEY, OTHER_KEY], False),
        ((KEY, KEY), [OTHER_KEY], False),
        ((), [KEY], False),
    ],
)
def test_while_secrets_rotate_one_live_key_is_enough(
    keys: tuple[bytes, ...], signers: list[bytes], *, expected: bool
) -> None:
    signatures = " ".join(sign(key, message_id=ID, timestamp=TIMESTAMP, body=BODY) for key in signers)

    assert expected == _accepts(signatures, keys=keys)


@pytest.mark.parametrize(
    "signatures",
    [f"v1a,AAAA {SIGNATURE}", f"v2,AAAA {SIGNATURE}", f"  {SIGNATURE}  ", f"é {SIGNATURE}", f", {SIGNATURE}"],
)
def test_signatures_of_other_kinds_are_passed_over(signatures: str) -> None:
    assert _accepts(signatures)


@pytest.mark.parametrize(
    "signatures",
    [
        *("", " ", ",", "v1", "v1,", "é", SIGNATURE[3:], SIGNATURE[:-1], SIGNATURE + "=", SIGNATURE.lower()),
        *(SIGNATURE.replace("v1", "v2"), SIGNATURE.replace(",", ", "), f"{SIGNATURE},{SIGNATURE}"),
    ],
)
def test_anything_but_the_exact_signature_does_not_match(signatures: str) -> None:
    assert not _accepts(signatures)


@given(key=KEYS, body=st.binary(min_size=1), index=st.integers(0), flip=st.integers(1, 255))
def test_a_changed_byte_of_the_body_does_not_match(key: bytes, body: bytes, index: int, flip: int) -> None:
    signed = sign(key, message_id=ID, timestamp=TIMESTAMP, body=body)

    assert not matches([key], message_id=ID, timestamp=TIMESTAMP, body=_flipped(body, index, flip), signatures=signed)


@given(message_id=IDS, index=st.integers(0), flip=st.integers(1, 127))
def test_a_changed_byte_of_the_id_does_not_match(message_id: str, index: int, flip: int) -> None:
    signed = sign(KEY, message_id=message_id, timestamp=TIMESTAMP, body=BODY)
    changed = _flipped(message_id.encode(), index, flip).decode()

    assert not matches([KEY], message_id=changed, timestamp=TIMESTAMP, body=BODY, signatures=signed)


@given(TIMESTAMPS, TIMESTAMPS)
def test_only_its_own_timestamp_matches(timestamp: int, other: int) -> None:
    expected = timestamp == other
    signed = sign(KEY, message_id=ID, timestamp=timestamp, body=BODY)

    assert expected == matches([KEY], message_id=ID, timestamp=other, body=BODY, signatures=signed)


@given(index=st.integers(0), flip=st.integers(1, 127))
def test_a_changed_byte_of_the_signature_does_not_match(index: int, flip: int) -> None:
    assert not _accepts(_flipped(SIGNATURE.encode(), index, flip).decode())


@given(KEYS)
def test_a_secret_is_read_with_and_without_its_prefix(key: bytes) -> None:
    text = base64.b64encode(key).decode()

    assert key == secret_bytes(text) == secret_bytes(f"whsec_{text}")


@pytest.mark.parametrize(
    ("secret", "words"),
    [
        ("", "at least 24 bytes"),
        ("whsec_", "at least 24 bytes"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "at least 24 bytes"),
        ("whsec_" + "A" * 31, "is base64"),
        ("whsec_whsec_" + "A" * 32, "is base64"),
        ("WHSEC_" + "A" * 32, "is base64"),
        ("A" * 31 + "-", "is base64"),
        ("A" * 32 + "\n", "is base64"),
        ("a secret in plain words, long enough", "is base64"),
        ("é" + "A" * 31, "is base64"),
    ],
)
def test_a_mistaken_secret_is_named(secret: str, words: str) -> None:
    with pytest.raises(ValueError, match=f"^a webhook secret .*{words}"):
        secret_bytes(secret)
