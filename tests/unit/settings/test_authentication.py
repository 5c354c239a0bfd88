"""How the configuration says who may post to a feed: what comes of it, and each mistake in one line."""

import base64
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as elliptic_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.authentication.api_keys import ApiKeys
from app.authentication.basic import Basic
from app.authentication.content import content
from app.authentication.public_key import Ed25519, Rsa
from app.authentication.shared_secret import Hmac, PlainHash
from app.authentication.signature import Signature
from app.authentication.standard_webhooks import StandardWebhooks, secret_bytes
from app.authentication.timestamp import Timestamp
from app.domain.addresses import Addresses, network
from app.domain.feed import Feed
from tests.unit.settings import API_KEY, SECRET, loaded, mistakes, toml

RSA = generate_private_key(public_exponent=65537, key_size=2048)
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(32))
WHPK = "whpk_" + base64.b64encode(ED25519.public_key().public_bytes_raw()).decode()


def _pem(key: Any) -> str:
    return str(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode())


PRIVATE_PEM = RSA.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
SHORT_PEM = _pem(generate_private_key(public_exponent=65537, key_size=1024))  # noqa: S505 - it is refused
OTHER_PEM = _pem(generate_private_key(public_exponent=65537, key_size=2048))
NAMES_OF_THEIR_OWN = "header, timestamp_header and id_header are three headers: give each a name of its own"
ELLIPTIC_PEM = _pem(elliptic_private_key(SECP256R1()))


def _bet(file: str | None = None, **changes: Any) -> Feed:
    return loaded(file, **changes).feed_values()[0]


def _signed(**settings: str) -> str:
    """A configuration whose bets are signed so."""
    changes = {f"feeds__bet__signature__{name}": value for name, value in settings.items()}
    return toml(feeds__bet__webhook_secrets=None, **changes)


def test_a_feed_may_have_secrets_and_public_keys() -> None:
    scheme = _bet(toml(feeds__bet__webhook_public_keys=f'["{WHPK}"]')).scheme

    assert scheme == StandardWebhooks(
        keys=(secret_bytes(SECRET),),
        public_keys=Ed25519(public_keys=(ED25519.public_key(),)),
        tolerance=timedelta(minutes=5),
    )


def test_public_keys_alone_are_an_authentication() -> None:
    scheme = _bet(
        toml(feeds__bet__webhook_secrets=None, feeds__bet__webhook_public_keys=f"['''{_pem(ED25519)}''']")
    ).scheme

    assert scheme == StandardWebhooks(
        public_keys=Ed25519(public_keys=(ED25519.public_key(),)), tolerance=timedelta(minutes=5)
    )


def test_api_keys_may_come_in_a_header_of_their_own() -> None:
    file = toml(
        feeds__bet__webhook_secrets=None,
        feeds__bet__api_keys=f'["{API_KEY}"]',
        feeds__bet__api_key_header='"X-Api-Key"',
    )

    assert _bet(file).scheme == ApiKeys(keys=(API_KEY.encode(),), header="X-Api-Key")


def test_users_authenticate_with_basic() -> None:
    file = toml(
        feeds__bet__webhook_secrets=None, feeds__bet__basic_users=f'["a:{API_KEY}", "b:with spaces, and é here"]'
    )

    assert _bet(file).scheme == Basic(users=(f"a:{API_KEY}".encode(), "b:with spaces, and é here".encode()))


def test_a_signature_is_of_the_body_by_default() -> None:
    assert _bet(_signed(secrets=f'["{API_KEY}"]')).scheme == Signature(
        algorithm=Hmac(keys=(API_KEY.encode(),), digest="sha256"), content=content("{body}"), header="X-Signature"
    )


def test_every_part_of_a_signature_can_be_said() -> None:
    file = _signed(
        algorithm='"hmac-sha512"',
        secrets=f'["{bytes(range(16)).hex()}", "{bytes(16).hex()}"]',
        secret_encoding='"hex"',
        header='"X-Hub-Signature"',
        parameter='"v1"',
        prefix='"sha512="',
        encoding='"base64"',
        content='"{id}.{timestamp}.{body}"',
        timestamp_parameter='"t"',
        timestamp_form='"milliseconds"',
        id_header='"X-Id"',
    )

    assert _bet(file).scheme == Signature(
        algorithm=Hmac(keys=(bytes(range(16)), bytes(16)), digest="sha512"),
        content=content("{id}.{timestamp}.{body}"),
        header="X-Hub-Signature",
        parameter="v1",
        prefix="sha512=",
        encoding="base64",
        timestamp=Timestamp(tolerance=timedelta(minutes=5), parameter="t", form="milliseconds"),
        id_header="X-Id",
    )


def test_a_plain_hash_has_its_secret_at_the_end() -> None:
    file = _signed(algorithm='"sha256"', secrets=f'["{API_KEY}"]', content='"{body}|{secret}"')

    assert _bet(file).scheme == Signature(
        algorithm=PlainHash(keys=(API_KEY.encode(),)), content=content("{body}|"), header="X-Signature"
    )


@pytest.mark.parametrize(
    "settings",
    [
        {"header": '"Authorization"', "prefix": '"HMAC-SHA256 "'},
        {"prefix": '"sha256,"'},
        {"parameter": '"v1"', "prefix": '" sha256="'},
        {"header": '"T"', "parameter": '"t"', "prefix": '"t="'},
    ],
)
def test_an_odd_form_that_a_sender_can_produce_is_taken(settings: dict[str, str]) -> None:
    scheme = _bet(_signed(secrets=f'["{API_KEY}"]', **settings)).scheme
    headers = scheme.credentials(b"{}", message_id="", timestamp=0)

    assert scheme.refusal({name: value.strip() for name, value in headers.items()}, b"{}", now=0) is None


def test_public_keys_of_a_signature_are_pem() -> None:
    other = generate_private_key(public_exponent=65537, key_size=2048)
    scheme = _bet(_signed(algorithm='"rsa-sha256"', public_keys=f"['''{_pem(RSA)}''', '''{_pem(other)}''']")).scheme

    assert scheme == Signature(
        algorithm=Rsa(public_keys=(RSA.public_key(), other.public_key())),
        content=content("{body}"),
        header="X-Signature",
    )


def test_secrets_and_public_keys_are_found_in_files_and_variables_too() -> None:
    file = toml(feeds__bet__webhook_secrets=None, feeds__deposit__api_keys=None)
    secrets = {
        "feeds__bet__signature__secrets": f"{API_KEY}\n{API_KEY}-2\n",
        "feeds__deposit__signature__public_keys": f"{_pem(RSA)}\n{_pem(RSA)}",
    }
    environment = {"FEEDS__DEPOSIT__SIGNATURE__ALGORITHM": "rsa-sha256"}
    bet, deposit = loaded(file, secrets=secrets, environment=environment).feed_values()

    assert isinstance(bet.scheme, Signature)
    assert bet.scheme.algorithm == Hmac(keys=(API_KEY.encode(), f"{API_KEY}-2".encode()), digest="sha256")
    assert isinstance(deposit.scheme, Signature)
    assert deposit.scheme.algorithm == Rsa(public_keys=(RSA.public_key(), RSA.public_key()))


def test_a_feed_may_be_for_some_addresses_only() -> None:
    feed = _bet(toml(feeds__bet__allowed_addresses='["203.0.113.0/24", "::1"]'))

    assert feed.addresses == Addresses(networks=(network("203.0.113.0/24"), network("::1")))


@pytest.mark.parametrize(
    ("ranges", "elsewhere"),
    [
        ("[]", {}),
        ('["203.0.113.0/24"]', {"environment": {"FEEDS__BET__ALLOWED_ADDRESSES": " []"}}),
        ('["203.0.113.0/24"]', {"secrets": {"feeds__bet__allowed_addresses": "[]\n"}}),
    ],
)
def test_addresses_that_are_given_and_empty_are_named_since_they_would_let_everybody_in(
    ranges: str, elsewhere: dict[str, dict[str, str]]
) -> None:
    lines = mistakes(toml(feeds__bet__allowed_addresses=ranges), **elsewhere)

    assert lines == (
        "feeds.bet.allowed_addresses: must not be empty, which would let every address in: leave it out to say so",
    )


def test_addresses_from_the_environment_replace_those_of_the_file() -> None:
    file = toml(feeds__bet__allowed_addresses='["203.0.113.0/24"]')
    feed = _bet(file, environment={"FEEDS__BET__ALLOWED_ADDRESSES": "198.51.100.7 2001:db8::/32"})

    assert feed.addresses == Addresses(networks=(network("198.51.100.7"), network("2001:db8::/32")))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"header": '"X-Sign"'}, "set secrets, or public_keys where the algorithm is rsa-sha256 or ed25519"),
        ({"algorithm": '"rsa-sha256"'}, "rsa-sha256 takes public_keys, and no secrets"),
        ({"secrets": "[]", "public_keys": f"['{WHPK}']"}, "hmac-sha256 takes secrets, and no public_keys"),
        ({"content": '"{timestamp}.{body}"'}, "content names {timestamp}: set timestamp_header or timestamp_parameter"),
        ({"timestamp_header": '"X-Time"'}, "content must name {timestamp}, or anybody can change it"),
        (
            {"content": '"{timestamp}{body}"', "timestamp_header": '"X-T"', "timestamp_parameter": '"t"'},
            "timestamp_header and timestamp_parameter exclude each other: set one",
        ),
        (
            {"content": '"{timestamp}{body}"', "timestamp_parameter": '"t"'},
            "timestamp_parameter needs parameter beside it",
        ),
        ({"content": '"{id}{body}"'}, "content names {id}: set id_header"),
        ({"id_header": '"X-Id"'}, "content must name {id}, or anybody can change it"),
        (
            {"algorithm": '"sha256"'},
            'content must end with {secret}, as "{body}{secret}" does, or others can continue the hash',
        ),
        ({"content": '"{body}{secret}"'}, "content names {secret}, which only the algorithm sha256 takes"),
        *(
            (names | {"content": '"{id}.{timestamp}.{body}"'}, NAMES_OF_THEIR_OWN)
            for names in (
                {"timestamp_header": '"x-signature"', "id_header": '"X-Id"'},
                {"timestamp_header": '"X-Time"', "id_header": '"X-SIGNATURE"'},
                {"timestamp_header": '"X-Time"', "id_header": '"X-Time"'},
                {"timestamp_header": '"X-Time"', "id_header": '"X-Id"', "header": '"x-time"'},
            )
        ),
        (
            {"content": '"{timestamp}{body}"', "timestamp_parameter": '"t"', "parameter": '"t"'},
            "parameter and timestamp_parameter are two parts of the header: give each a name of its own",
        ),
        ({"parameter": '"v1"', "prefix": '"sha256,"'}, "prefix has a comma, which ends a parameter"),
        ({"prefix": '" sha256="'}, "prefix begins with a blank, which is no part of a header's value"),
        ({"secrets": '["too-short"]'}, "secrets: a secret is at least 16 bytes long"),
        ({"secrets": f'["{" " * 16}"]'}, "secrets: a secret is not of blanks only"),
        ({"secrets": r'["\t\n              "]'}, "secrets: a secret is not of blanks only"),
        ({"secret_encoding": '"hex"'}, "secrets: a secret is not hex, as secret_encoding says"),
        ({"secret_encoding": '"base64"'}, "secrets: a secret is not base64, as secret_encoding says"),
    ],
)
def test_a_signature_that_cannot_work_is_named(settings: dict[str, str], expected: str) -> None:
    if expected.startswith("set"):
        lines = mistakes(toml(**{f"feeds__bet__signature__{name}": value for name, value in settings.items()}))
    else:
        lines = mistakes(_signed(**({"secrets": f'["{API_KEY}"]'} | settings)))

    assert lines == (f"feeds.bet.signature: {expected}",)


@pytest.mark.parametrize(
    ("algorithm", "key", "expected"),
    [
        ("rsa-sha256", PRIVATE_PEM, "this is a private key, which is the sender's alone: the public one is needed"),
        ("rsa-sha256", _pem(ED25519), "this PEM holds no RSA key"),
        ("rsa-sha256", ELLIPTIC_PEM, "this PEM holds no RSA key"),
        ("rsa-sha256", SHORT_PEM, "an RSA key of 1024 bits is too short: 2048 at least"),
        ("rsa-sha256", WHPK, "this is no PEM of a public key: it begins with -----BEGIN PUBLIC KEY-----"),
        ("ed25519", _pem(RSA), "this PEM holds no Ed25519 key"),
        ("ed25519", "whpk_AAAA", "an Ed25519 key is 32 bytes long"),
        (
            "ed25519",
            "whsk_AAAA",
            "this is a private key, which is the sender's alone: the public one begins with whpk_",
        ),
    ],
)
def test_a_public_key_that_is_none_is_named(algorithm: str, key: str, expected: str) -> None:
    lines = mistakes(_signed(algorithm=f'"{algorithm}"', public_keys=f"['''{key}''']"))

    assert lines == (f"feeds.bet.signature: public_keys: {expected}",)
    assert key not in "".join(lines)


@pytest.mark.parametrize(
    "damaged",
    [
        "{whole}{other:.200}",
        "{other:.200}\n{whole}",
        "{whole}\nof the platform's new key",
        "# the old key\n{whole}{other}",
        "{whole}{whpk}",
        "{whpk}\n{whole}",
        "{other:.200}",
    ],
)
@pytest.mark.parametrize("algorithm", ["rsa-sha256", "ed25519"])
def test_what_stands_beside_whole_pems_is_named_since_a_key_would_be_missing(algorithm: str, damaged: str) -> None:
    text = damaged.format(whole=_pem(RSA), other=OTHER_PEM, whpk=WHPK)
    lines = mistakes(_signed(algorithm=f'"{algorithm}"'), secrets={"feeds__bet__signature__public_keys": text})

    assert lines == (
        "feeds.bet.signature.public_keys: there is more than whole PEMs, each from BEGIN to END: one may have been cut",
    )


def test_pems_in_one_entry_of_a_list_are_named_since_only_the_first_would_be_read() -> None:
    lines = mistakes(_signed(algorithm='"rsa-sha256"', public_keys=f"['''{_pem(RSA)}{OTHER_PEM}''']"))

    assert lines == (
        "feeds.bet.signature: public_keys: these are several PEMs in one: write each as an entry of its own",
    )


@pytest.mark.parametrize("key", [bytes(32), bytes([1, *bytes(31)])], ids=["never filled", "neutral element"])
@pytest.mark.parametrize("prefix", ["whpk_", ""])
def test_a_public_key_that_anybody_can_sign_for_is_named(prefix: str, key: bytes) -> None:
    text = prefix + base64.b64encode(key).decode()
    expected = "anybody can sign for this Ed25519 key: it is no sender's, but a point of small order"

    assert f"feeds.bet.webhook_public_keys: {expected}" in mistakes(toml(feeds__bet__webhook_public_keys=f'["{text}"]'))
    assert mistakes(_signed(algorithm='"ed25519"', public_keys=f'["{text}"]')) == (
        f"feeds.bet.signature: public_keys: {expected}",
    )


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("signature.content", '"no body"', "a signature that is not over {body} or {canonical_json} protects nothing"),
        ("signature.content", '"{body"', "expected '}' before end of string"),
        (
            "signature.content",
            '"{body}{nonce}"',
            "a template has the fields {body}, {canonical_json}, {timestamp}, {id}, and not {nonce…}",
        ),
        ("signature.header", '"X Signature"', "must be the name of a header: letters, digits and hyphens"),
        *(
            (
                "signature.prefix",
                prefix,
                "must be printable ASCII, as what a sender puts into a header",
            )
            for prefix in (r'"sha256=\n"', r'"\t"', r'"\u007f"', r'"\u0000"', '"é="', '"\u00a0"')
        ),
        ("signature.id_header", '"X:"', "must be the name of a header: letters, digits and hyphens"),
        ("api_key_header", '""', "must be the name of a header: letters, digits and hyphens"),
        (
            "signature.parameter",
            '"v=1"',
            "must be the name of a parameter: letters, digits, hyphens, dots and underscores",
        ),
        ("webhook_public_keys", '["whpk_AAAA"]', "an Ed25519 key is 32 bytes long"),
        (
            "basic_users",
            '["user"]',
            "a user is written user:password, and the password has at least 16 characters, not all blank",
        ),
        (
            "basic_users",
            '["user:short"]',
            "a user is written user:password, and the password has at least 16 characters, not all blank",
        ),
        (
            "basic_users",
            f'["user:{" " * 20}"]',
            "a user is written user:password, and the password has at least 16 characters, not all blank",
        ),
        (
            "allowed_addresses",
            '["10.0.0.1/8"]',
            "an address range is written 203.0.113.0/24 or 2001:db8::/32, without bits set behind it",
        ),
        (
            "allowed_addresses",
            '["::ffff:203.0.113.0/120"]',
            "write 203.0.113.0/24 instead of ::ffff:203.0.113.0/120: who comes over IPv4 has an IPv4 address here",
        ),
    ],
)
def test_a_setting_that_cannot_be_is_named(name: str, value: str, expected: str) -> None:
    assert f"feeds.bet.{name}: {expected}" in mistakes(toml(**{f"feeds.bet.{name}": value}))
