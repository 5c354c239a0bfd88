"""Signatures as platforms make them: each put together here by hand, apart from the code that is tested."""

import base64
import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st

from app.authentication.content import content
from app.authentication.encoding import Encoding
from app.authentication.public_key import Ed25519, Rsa
from app.authentication.shared_secret import Hmac, PlainHash
from app.authentication.signature import MAX_LENGTH, MAX_SIGNATURES, Signature
from app.authentication.timestamp import Form, Timestamp
from app.domain.authentication import CannotSignError

NOW = 1_614_265_330
BODY = b'{"amount": "100.10", "type": "regular"}'
SECRET, OLD_SECRET, FOREIGN = b"a-secret-of-the-platform", b"its-secret-until-yesterday", b"somebody-elses-secret"
TOLERANCE = timedelta(minutes=5)
MISMATCH = "the signature in X-Signature is not that of {} by a key of this feed"
BY_HMAC = Hmac(keys=(SECRET, OLD_SECRET), digest="sha256")


def _hex(data: bytes, *, key: bytes = SECRET, digest: str = "sha256") -> str:
    return hmac.new(key, data, digest).hexdigest()


def _of_body(**changes: Any) -> Signature:
    return replace(Signature(algorithm=BY_HMAC, content=content("{body}"), header="X-Signature"), **changes)


def _timed(template: str = "{timestamp}.{body}", form: Form = "seconds", **changes: Any) -> Signature:
    timestamp = Timestamp(tolerance=TOLERANCE, header="X-Timestamp", form=form)
    return _of_body(content=content(template), timestamp=timestamp, **changes)


STRIPE = _of_body(
    content=content("{timestamp}.{body}"),
    header="Stripe-Signature",
    parameter="v1",
    timestamp=Timestamp(tolerance=TOLERANCE, parameter="t"),
)


def _refusal(scheme: Signature, headers: dict[str, str], *, body: bytes = BODY, now: float = NOW) -> str | None:
    return scheme.refusal(headers, body, now=now)


@pytest.mark.parametrize("key", [SECRET, OLD_SECRET])
def test_a_body_signed_with_a_live_secret_is_authentic_in_hex_of_any_case(key: bytes) -> None:
    signature = _hex(BODY, key=key)

    assert _refusal(_of_body(), {"x-signature": signature}) is None
    assert _refusal(_of_body(), {"x-signature": signature.upper()}) is None


def test_a_signature_may_stand_in_base64() -> None:
    signature = base64.b64encode(hmac.digest(SECRET, BODY, "sha512")).decode()
    scheme = _of_body(algorithm=Hmac(keys=(SECRET,), digest="sha512"), encoding="base64")

    assert _refusal(scheme, {"x-signature": signature}) is None


def test_a_signature_may_stand_behind_a_prefix() -> None:
    scheme = _of_body(prefix="sha256=", header="X-Hub-Signature-256")

    assert _refusal(scheme, {"x-hub-signature-256": f"sha256={_hex(BODY)}"}) is None
    assert _refusal(scheme, {"x-hub-signature-256": _hex(BODY)}) == (
        "the signature in X-Hub-Signature-256 is not written as sha256= and hex"
    )


@pytest.mark.parametrize(
    ("template", "signed"),
    [
        ("{timestamp}.{body}", b"1614265330." + BODY),
        ("{body}|{timestamp}", BODY + b"|1614265330"),
        ("{timestamp}{body}", b"1614265330" + BODY),
        ("v0:{timestamp}:{body}", b"v0:1614265330:" + BODY),
        ("{{{timestamp}}}{body}", b"{1614265330}" + BODY),
        ("{body}{timestamp}{body}", BODY + b"1614265330" + BODY),
        ("é{timestamp}\n{body}", "é1614265330\n".encode() + BODY),
    ],
)
def test_what_is_signed_is_what_the_template_says(template: str, signed: bytes) -> None:
    headers = {"x-timestamp": str(NOW), "x-signature": _hex(signed)}

    assert _refusal(_timed(template), headers) is None


def test_a_messages_id_may_be_signed() -> None:
    scheme = _timed("{id}.{timestamp}.{body}", id_header="X-Id")
    headers = {"x-id": "msg_1", "x-timestamp": str(NOW), "x-signature": _hex(b"msg_1.1614265330." + BODY)}

    assert _refusal(scheme, headers) is None
    assert _refusal(scheme, headers | {"x-id": "msg_2"}) == MISMATCH.format("{id}.{timestamp}.{body}")
    assert _refusal(scheme, headers | {"x-id": ""}) == "the headers X-Signature and X-Timestamp and X-Id are needed"


def test_a_plain_hash_is_of_the_content_and_the_secret() -> None:
    scheme = _of_body(algorithm=PlainHash(keys=(OLD_SECRET, SECRET)), header="Authorization")
    headers = {"authorization": hashlib.sha256(BODY + SECRET).hexdigest()}

    assert _refusal(scheme, headers) is None
    assert _refusal(scheme, headers, body=BODY + b" ") is not None
    assert _refusal(scheme, {"authorization": hashlib.sha256(BODY).hexdigest()}) is not None


def test_a_canonical_body_may_be_signed_whatever_its_form_on_the_wire() -> None:
    signature = _hex(b'{"amount":"100.10","type":"regular"}')
    scheme = _of_body(content=content("{canonical_json}"))

    for body in (BODY, b'{"type":"regular",\n"amount":"100.10"}'):
        assert _refusal(scheme, {"x-signature": signature}, body=body) is None
    for body in (b'{"type":"regular","amount":"100.11"}', b"", b"no JSON", b'{"type":1,"type":1}', b"[" * 100_000):
        assert _refusal(scheme, {"x-signature": signature}, body=body) == MISMATCH.format("{canonical_json}")


@pytest.fixture(scope="module")
def rsa_keys() -> list[RSAPrivateKey]:
    return [generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


def test_a_signature_by_any_of_the_rsa_keys_is_authentic(rsa_keys: list[RSAPrivateKey]) -> None:
    public_keys = tuple(key.public_key() for key in rsa_keys)
    scheme = _of_body(algorithm=Rsa(public_keys=public_keys), encoding="base64", header="X-Hub88-Signature")

    for key in rsa_keys:
        signature = base64.b64encode(key.sign(BODY, PKCS1v15(), SHA256())).decode()
        assert _refusal(scheme, {"x-hub88-signature": signature}) is None
        assert _refusal(scheme, {"x-hub88-signature": signature}, body=BODY + b" ") is not None


def test_a_foreign_rsa_key_is_refused(rsa_keys: list[RSAPrivateKey]) -> None:
    key, foreign = rsa_keys
    scheme = _of_body(algorithm=Rsa(public_keys=(key.public_key(),)), encoding="base64")
    signature = base64.b64encode(foreign.sign(BODY, PKCS1v15(), SHA256())).decode()

    for offered in (signature, "AAAA", signature[:-4]):
        assert _refusal(scheme, {"x-signature": offered}) == MISMATCH.format("{body}")
    with pytest.raises(CannotSignError):
        scheme.credentials(BODY, message_id="", timestamp=NOW)


def test_a_signature_by_any_of_the_ed25519_keys_is_authentic() -> None:
    keys = [Ed25519PrivateKey.generate() for _ in range(2)]
    scheme = _of_body(algorithm=Ed25519(public_keys=tuple(key.public_key() for key in keys)))

    for key in keys:
        assert _refusal(scheme, {"x-signature": key.sign(BODY).hex()}) is None
    assert _refusal(scheme, {"x-signature": Ed25519PrivateKey.generate().sign(BODY).hex()}) is not None


@pytest.mark.parametrize(
    ("form", "written", "expected"),
    [
        ("seconds", "1614265030", None),
        ("seconds", "1614265029", "too far"),
        ("milliseconds", "1614265030000", None),
        ("milliseconds", "1614265029999", "too far"),
        ("milliseconds", "1614265029", "too far"),
        ("seconds", "1614265029999", "is not a number of seconds"),
        ("rfc3339", "2021-02-25T15:02:10Z", None),
        ("rfc3339", "2021-02-25T16:02:10.5+01:00", None),
        ("rfc3339", "2021-02-25T15:02:10", "is not a time with its offset"),
        ("rfc3339", "0001-01-01T00:00:00+23:59", "X-Timestamp is"),
        ("rfc3339", "now", "is not a time with its offset"),
        *(("seconds", text, "is not a number") for text in ("-1", "1.5", "1e9", "\u0661", "9" * 10_000, " 1")),
    ],
)
def test_a_timestamp_bounds_how_long_a_request_is_good_for(form: Form, written: str, expected: str | None) -> None:
    headers = {"x-timestamp": written, "x-signature": _hex(written.encode() + b"." + BODY)}
    found = _refusal(_timed(form=form), headers)

    assert found is None if expected is None else expected in str(found)


@pytest.mark.parametrize(
    ("form", "written", "found", "wanted"),
    [
        ("milliseconds", "1614265030", "a number of seconds", "a number of milliseconds"),
        ("seconds", "1614265030000", "a number of milliseconds", "a number of seconds"),
        ("rfc3339", "1614265330", "a number of seconds", "a time with its offset"),
        ("seconds", "2021-02-25T15:02:10Z", "a time with its offset", "a number of seconds"),
    ],
)
def test_the_present_in_another_form_is_named_with_the_setting(
    form: Form, written: str, found: str, wanted: str
) -> None:
    headers = {"x-timestamp": written, "x-signature": _hex(written.encode() + b"." + BODY)}
    refusal = str(_refusal(_timed(form=form), headers))

    assert refusal.startswith(f"X-Timestamp is {found}")
    assert f", and not {wanted}" in refusal
    assert refusal.endswith(": signature.timestamp_form, or the sender")


def test_a_timestamp_that_is_missing_is_needed() -> None:
    assert _refusal(_timed(), {"x-signature": _hex(BODY)}) == "the headers X-Signature and X-Timestamp are needed"


def test_several_values_may_share_a_header() -> None:
    signature = _hex(b"1614265330." + BODY)

    for value in (
        f"t={NOW},v1={signature}",
        f"v1={signature}, t={NOW}",
        f"t={NOW},v1={'0' * 64},v1={signature},v0=other",
    ):
        assert _refusal(STRIPE, {"stripe-signature": value}) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (f"t={NOW}", "the headers Stripe-Signature with v1=<signature> and t=<timestamp> in it are needed"),
        (f"v1={'0' * 64}", "the headers Stripe-Signature with v1=<signature> and t=<timestamp> in it are needed"),
        (f"t=soon,v1={'0' * 64}", "t is not a number of seconds since the epoch"),
        (
            f"t={NOW},v1={'0' * 64}",
            "the signature in Stripe-Signature is not that of {timestamp}.{body} by a key of this feed",
        ),
        (f"t={NOW},v1=", "the signature in Stripe-Signature is not written as hex"),
        (",,=,", "the headers Stripe-Signature with v1=<signature> and t=<timestamp> in it are needed"),
    ],
)
def test_what_is_wrong_with_values_that_share_a_header_is_said(value: str, expected: str) -> None:
    assert expected == _refusal(STRIPE, {"stripe-signature": value})


def test_only_a_few_signatures_are_looked_at_since_each_costs_time() -> None:
    signature = f"v1={_hex(b'1614265330.' + BODY)}"
    most = ",".join([f"t={NOW}", *[signature] * MAX_SIGNATURES])

    assert _refusal(STRIPE, {"stripe-signature": most}) is None
    assert (
        _refusal(STRIPE, {"stripe-signature": f"{most},{signature}"}) == "Stripe-Signature has more than 4 signatures"
    )


def test_a_header_is_read_up_to_a_limit() -> None:
    assert _refusal(_of_body(), {"x-signature": "0" * (MAX_LENGTH + 1)}) == "X-Signature is too long"
    assert _refusal(_of_body(), {"x-signature": "0" * MAX_LENGTH}) == MISMATCH.format("{body}")


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("text", ["é", "\x00", "-", "=", "0", "zz", "AAAA AAAA", "\xff\xfe", "=AAA", "A==="])
def test_what_is_not_in_its_encoding_is_called_so(encoding: Encoding, text: str) -> None:
    assert _refusal(_of_body(encoding=encoding), {"x-signature": text}) == (
        f"the signature in X-Signature is not written as {encoding}"
    )


def test_a_foreign_secret_is_refused() -> None:
    assert _refusal(_of_body(), {"x-signature": _hex(BODY, key=FOREIGN)}) == MISMATCH.format("{body}")


@pytest.mark.parametrize(
    "scheme",
    [
        _of_body(),
        _of_body(prefix="sha256=", encoding="base64"),
        _of_body(algorithm=PlainHash(keys=(SECRET,))),
        _of_body(content=content("{canonical_json}")),
        _timed(form="seconds"),
        _timed("{body}|{timestamp}", "milliseconds"),
        _timed("{id}.{timestamp}.{body}", "rfc3339", id_header="X-Id"),
        STRIPE,
    ],
)
@pytest.mark.parametrize("body", [BODY, b"{}"])
def test_its_own_credentials_are_authentic_for_that_body_and_no_other(scheme: Signature, body: bytes) -> None:
    headers = scheme.credentials(body, message_id="msg_1", timestamp=NOW)

    assert _refusal(scheme, headers, body=body) is None
    assert _refusal(scheme, headers, body=b'{"other": 1}') is not None


@given(
    st.dictionaries(st.sampled_from(["x-signature", "stripe-signature", "x-timestamp", "x-id"]), st.text()), st.binary()
)
def test_whoever_knows_no_secret_is_refused_in_words(headers: dict[str, str], body: bytes) -> None:
    for scheme in (_of_body(), _timed("{id}{timestamp}{body}", id_header="X-Id"), STRIPE):
        assert _refusal(scheme, headers, body=body)


@given(st.binary(), st.binary(min_size=16), st.integers(0), st.integers(1, 255))
def test_a_changed_byte_of_the_signature_does_not_match(body: bytes, key: bytes, index: int, flip: int) -> None:
    scheme = _of_body(algorithm=Hmac(keys=(key,), digest="sha256"))
    signature = bytearray.fromhex(scheme.credentials(body, message_id="", timestamp=NOW)["x-signature"])
    signature[index % len(signature)] ^= flip

    assert _refusal(scheme, {"x-signature": signature.hex()}, body=body) is not None


def test_no_secret_is_ever_shown() -> None:
    for algorithm in (BY_HMAC, PlainHash(keys=(SECRET,))):
        assert SECRET.decode() not in repr(_of_body(algorithm=algorithm))


def test_a_refused_sender_is_told_the_header() -> None:
    assert _of_body().challenge == 'Signature header="X-Signature"'
