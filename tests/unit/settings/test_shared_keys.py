"""Feeds with a key in common are named, since nothing that a sender signs names the feed that it is for."""

import base64
import json
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.authentication.shared_keys import sharing_keys
from tests.unit.settings import API_KEY, OTHER_SECRET, SECRET, loaded, toml

ED25519 = Ed25519PrivateKey.generate().public_key()
WHPK = "whpk_" + base64.b64encode(ED25519.public_bytes_raw()).decode()
ED25519_PEM = ED25519.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
RSA_KEY = generate_private_key(public_exponent=65537, key_size=2048).public_key()
RSA_PEM = RSA_KEY.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
RSA_AS_PKCS1 = RSA_KEY.public_bytes(Encoding.PEM, PublicFormat.PKCS1).decode()

Feed = Mapping[str, str | None]


def _found(bet: Feed, deposit: Feed, **others: Feed) -> list[tuple[str, ...]]:
    feeds = {"bet": {"webhook_secrets": None, **bet}, "deposit": {"api_keys": None, **deposit}} | others
    changes = {f"feeds.{name}.{key}": value for name, feed in feeds.items() for key, value in feed.items()}
    return sharing_keys(loaded(toml(**changes)).feed_values())


def _listed(*entries: str) -> str:
    return json.dumps(entries)


def _signed(*secrets: str, **changes: str) -> Feed:
    return {"signature.secrets": _listed(*secrets)} | {f"signature.{name}": value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("bet", "deposit"),
    [
        ({"webhook_secrets": _listed(SECRET)}, {"webhook_secrets": _listed(OTHER_SECRET, SECRET[6:])}),
        ({"api_keys": _listed(API_KEY)}, {"api_keys": _listed(API_KEY), "api_key_header": '"X-Key"'}),
        ({"basic_users": _listed(f"a:{API_KEY}")}, {"basic_users": _listed(f"b:{API_KEY}", f"a:{API_KEY}")}),
        (_signed(API_KEY), _signed(API_KEY, header='"X-Other"', algorithm='"hmac-sha512"')),
        (_signed(API_KEY), _signed(API_KEY.encode().hex(), secret_encoding='"hex"')),
        (
            _signed(API_KEY),
            _signed(API_KEY, algorithm='"sha256"', content='"{body}{secret}"'),
        ),
        (
            {"webhook_public_keys": _listed(WHPK), "webhook_secrets": _listed(SECRET)},
            {"signature.public_keys": _listed(ED25519_PEM), "signature.algorithm": '"ed25519"'},
        ),
        (
            {"signature.public_keys": _listed(RSA_PEM), "signature.algorithm": '"rsa-sha256"'},
            {"signature.public_keys": _listed(RSA_AS_PKCS1), "signature.algorithm": '"rsa-sha256"'},
        ),
    ],
)
def test_feeds_with_a_key_in_common_are_found_however_it_is_written(bet: Feed, deposit: Feed) -> None:
    assert _found(bet, deposit) == [("bet", "deposit")]


def test_feeds_with_keys_of_their_own_are_not() -> None:
    assert _found({"webhook_secrets": _listed(SECRET)}, {"webhook_secrets": _listed(OTHER_SECRET)}) == []
    assert _found({"insecure": "true"}, {"insecure": "true"}) == []


def test_a_feed_that_is_not_enabled_shares_nothing() -> None:
    assert _found({"api_keys": _listed(API_KEY)}, {"api_keys": _listed(API_KEY), "enabled": "false"}) == []


def test_many_feeds_with_the_same_keys_are_named_once() -> None:
    keys = {"api_keys": _listed(API_KEY, f"{API_KEY}-2")}
    poker = {"kind": '"bet"', "webhook_secrets": _listed(SECRET)}
    found = _found(
        keys | {"api_key_header": '"X-Key"'}, keys, casino=keys | {"kind": '"bet"'}, poker=poker, sport=poker
    )

    assert found == [("bet", "deposit", "casino"), ("poker", "sport")]
