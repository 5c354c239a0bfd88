"""Standard Webhooks signatures, against the official libraries and an example of the specification."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

from app.authentication.public_key import Ed25519, ed25519_public_key
from app.authentication.signing import signing_with
from app.authentication.standard_webhooks import MAX_PUBLIC_KEY_SIGNATURES, StandardWebhooks, secret_bytes, sign
from app.domain.authentication import CannotSignError

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
KEY = secret_bytes(SECRET)
OTHER_KEY = bytes(range(24))
ID, TIMESTAMP, BODY = "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="

KEYS = st.binary(min_size=24, max_size=64)
IDS = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=40)
TIMESTAMPS = st.integers(0, 9_999_999_999)


def _accepts(signatures: str, *, keys: tuple[bytes, ...] = (KEY,)) -> bool:
    return _matches(keys, message_id=ID, timestamp=TIMESTAMP, body=BODY, signatures=signatures)


def _matches(keys: tuple[bytes, ...], *, message_id: str, timestamp: int, body: bytes, signatures: str) -> bool:
    scheme = StandardWebhooks(keys=keys, tolerance=timedelta(minutes=5))
    headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signatures}
    return scheme.refusal(headers, body, now=timestamp) is None


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
    assert _matches((key,), message_id=message_id, timestamp=timestamp, body=text.encode(), signatures=official)


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

    assert not _matches((key,), message_id=ID, timestamp=TIMESTAMP, body=_flipped(body, index, flip), signatures=signed)


@given(message_id=IDS, index=st.integers(0), flip=st.integers(1, 127))
def test_a_changed_byte_of_the_id_does_not_match(message_id: str, index: int, flip: int) -> None:
    signed = sign(KEY, message_id=message_id, timestamp=TIMESTAMP, body=BODY)
    changed = _flipped(message_id.encode(), index, flip).decode()

    assert not _matches((KEY,), message_id=changed, timestamp=TIMESTAMP, body=BODY, signatures=signed)


@given(TIMESTAMPS, TIMESTAMPS)
def test_only_its_own_timestamp_matches(timestamp: int, other: int) -> None:
    expected = timestamp == other
    signed = sign(KEY, message_id=ID, timestamp=timestamp, body=BODY)

    assert expected == _matches((KEY,), message_id=ID, timestamp=other, body=BODY, signatures=signed)


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


# The signatures that the project's own Go and JavaScript libraries expect of their test keys, for the same message.
GO_SECRET_KEY = "VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="
GO_SIGNATURE = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="
JAVASCRIPT_SECRET_KEY = base64.b64encode(b"\x01" * 32).decode()
JAVASCRIPT_SIGNATURE = "v1a,Ykcu7AtGZGmZxFEH1Gaa2Nd7feY/CTuruoL4fqgnKwfbHU4DhemoVHZdvGfIvKvn4BIgwktLGGPGIr/i9nK7AA=="
VECTORS = {GO_SECRET_KEY: GO_SIGNATURE, JAVASCRIPT_SECRET_KEY: JAVASCRIPT_SIGNATURE}


def _public_key(secret_key: str) -> str:
    public = Ed25519PrivateKey.from_private_bytes(base64.b64decode(secret_key)).public_key()
    return "whpk_" + base64.b64encode(public.public_bytes_raw()).decode()


def _asymmetric(*secret_keys: str, keys: tuple[bytes, ...] = ()) -> StandardWebhooks:
    public_keys = Ed25519(public_keys=tuple(ed25519_public_key(_public_key(key)) for key in secret_keys))
    return StandardWebhooks(keys=keys, public_keys=public_keys, tolerance=timedelta(minutes=5))


def _let_in(scheme: StandardWebhooks, signatures: str, *, body: bytes = BODY) -> bool:
    headers = {"webhook-id": ID, "webhook-timestamp": str(TIMESTAMP), "webhook-signature": signatures}
    return scheme.refusal(headers, body, now=TIMESTAMP) is None


@pytest.mark.parametrize(("secret_key", "signature"), VECTORS.items())
def test_what_the_official_libraries_sign_with_a_private_key_is_authentic(secret_key: str, signature: str) -> None:
    assert _let_in(_asymmetric(secret_key), signature)
    assert not _let_in(_asymmetric(secret_key), signature, body=BODY + b" ")


@pytest.mark.parametrize(("secret_key", "signature"), VECTORS.items())
def test_with_the_private_key_is_signed_as_the_official_libraries_do(secret_key: str, signature: str) -> None:
    scheme = signing_with(_asymmetric(GO_SECRET_KEY, JAVASCRIPT_SECRET_KEY), f"whsk_{secret_key}")

    assert signature == scheme.credentials(BODY, message_id=ID, timestamp=TIMESTAMP)["webhook-signature"]


@pytest.mark.parametrize("signature", VECTORS.values())
def test_any_live_public_key_is_enough(signature: str) -> None:
    assert _let_in(_asymmetric(GO_SECRET_KEY, JAVASCRIPT_SECRET_KEY), signature)


@pytest.mark.parametrize(
    "signatures",
    [SIGNATURE, GO_SIGNATURE, f"{SIGNATURE} {GO_SIGNATURE}", f"v1,AAAA {GO_SIGNATURE}", f"v1a,AAAA {SIGNATURE}"],
)
def test_a_feed_with_secrets_and_public_keys_takes_either_signature(signatures: str) -> None:
    assert _let_in(_asymmetric(GO_SECRET_KEY, keys=(KEY,)), signatures)


@pytest.mark.parametrize(
    "signatures",
    [
        *(SIGNATURE, JAVASCRIPT_SIGNATURE, GO_SIGNATURE.replace("v1a", "v1"), GO_SIGNATURE.replace("=", "")),
        *("v1a,", "v1a", "v1a,é", "v1a,AAAA", GO_SIGNATURE.lower(), GO_SIGNATURE.replace(",", ", ")),
    ],
)
def test_no_other_signature_passes_for_one_by_the_private_key(signatures: str) -> None:
    assert not _let_in(_asymmetric(GO_SECRET_KEY), signatures)


def test_only_a_few_signatures_are_verified_by_public_keys_since_each_costs_time() -> None:
    foreign = " ".join([JAVASCRIPT_SIGNATURE] * MAX_PUBLIC_KEY_SIGNATURES)

    assert not _let_in(_asymmetric(GO_SECRET_KEY), f"{foreign} {GO_SIGNATURE}")
    assert _let_in(_asymmetric(GO_SECRET_KEY), f"{GO_SIGNATURE} {foreign}")


def test_without_the_private_key_nobody_can_sign() -> None:
    with pytest.raises(CannotSignError):
        _asymmetric(GO_SECRET_KEY).credentials(BODY, message_id=ID, timestamp=TIMESTAMP)


def test_with_a_private_key_that_is_not_the_feeds_nothing_is_signed() -> None:
    with pytest.raises(ValueError, match="belongs to none"):
        signing_with(_asymmetric(GO_SECRET_KEY), f"whsk_{JAVASCRIPT_SECRET_KEY}")
    with pytest.raises(ValueError, match="has no public keys"):
        signing_with(StandardWebhooks(keys=(KEY,), tolerance=timedelta(minutes=5)), f"whsk_{GO_SECRET_KEY}")


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (f"whsk_{GO_SECRET_KEY}", "this is a private key"),
        ("whpk_AAAA", "32 bytes"),
        ("whpk_é", "is a PEM, or base64"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "this is a private key"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "no PEM of a public key"),
    ],
)
def test_a_mistaken_public_key_is_named(key: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ed25519_public_key(key)
