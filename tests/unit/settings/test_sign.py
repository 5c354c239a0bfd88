"""`sign` prints the headers of every scheme, from the configuration that the service has."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from typer.testing import CliRunner, Result

from app.cli.command import command
from app.settings import load
from tests.unit.settings import API_KEY, surroundings, toml

NOW = 1_614_265_330
BODY = '{"b": "é", "a": 1}'
PrivateKey = RSAPrivateKey | Ed25519PrivateKey


def _public(key: PrivateKey) -> str:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return f"['''{pem}''']"


def _written(key: PrivateKey, *, password: str = "") -> str:
    """The private key in a file."""
    protection = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    Path("private.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, protection))
    return "private.pem"


def _sign(*options: str) -> Result:
    return CliRunner().invoke(
        command, ["sign", "bet", BODY, "--timestamp", str(NOW), "--message-id", "msg_1", *options]
    )


def _headers(result: Result) -> dict[str, str]:
    assert result.exit_code == 0, result.output
    return dict(line.split(": ", 1) for line in result.stdout.splitlines())


def _refusal(headers: dict[str, str]) -> str | None:
    return load().feed_values()[0].scheme.refusal(headers, BODY.encode(), now=NOW)


@pytest.fixture(scope="module")
def rsa() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module")
def ed25519() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.generate()


@pytest.mark.parametrize(
    "settings",
    [
        {"webhook_secrets": '["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]'},
        {"api_keys": f'["{API_KEY}"]'},
        {"api_keys": f'["{API_KEY}"]', "api_key_header": '"X-Api-Key"'},
        {"basic_users": f'["user:{API_KEY}"]'},
        {"signature.secrets": f'["{API_KEY}"]'},
        {"signature.secrets": f'["{API_KEY}"]', "signature.content": '"{canonical_json}"'},
        {
            "signature.secrets": f'["{API_KEY}"]',
            "signature.content": '"{id}|{timestamp}|{body}"',
            "signature.timestamp_header": '"X-Time"',
            "signature.id_header": '"X-Id"',
            "signature.encoding": '"base64"',
        },
        {
            "signature.secrets": f'["{API_KEY}"]',
            "signature.content": '"{timestamp}.{body}"',
            "signature.parameter": '"v1"',
            "signature.timestamp_parameter": '"t"',
        },
        {
            "signature.algorithm": '"sha256"',
            "signature.secrets": f'["{API_KEY}"]',
            "signature.content": '"{body}{secret}"',
        },
    ],
    ids=" ".join,
)
def test_what_is_printed_authenticates_the_body(settings: dict[str, str]) -> None:
    changes = {f"feeds.bet.{name}": value for name, value in settings.items()}
    with surroundings(toml(**({"feeds__bet__webhook_secrets": None} | changes))):
        assert _refusal(_headers(_sign())) is None


@pytest.mark.parametrize(
    "settings",
    [
        {"webhook_secrets": '["whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"]'},
        {"signature.secrets": f'["{API_KEY}"]', "signature.content": '"{id}{body}"', "signature.id_header": '"X-Id"'},
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("sent", [b"\xff\xfe", "é∞".encode()], ids=["no UTF-8", "UTF-8"])
def test_bytes_on_the_command_line_are_signed_and_printed_as_they_are(settings: dict[str, str], sent: bytes) -> None:
    changes = {f"feeds.bet.{name}": value for name, value in settings.items()}
    typed = os.fsdecode(sent)
    with surroundings(toml(**({"feeds__bet__webhook_secrets": None} | changes))):
        result = CliRunner().invoke(command, ["sign", "bet", typed, "--timestamp", str(NOW), "--message-id", typed])
        printed = result.stdout_bytes.decode("latin-1")  # as it will be read from the wire
        headers = dict(line.split(": ", 1) for line in printed.split("\n")[:-1])

        assert sent.decode("latin-1") in headers.values()
        assert load().feed_values()[0].scheme.refusal(headers, sent, now=NOW) is None


@pytest.mark.parametrize(
    ("timestamp", "expected"),
    [("253402300800", "or equal to 253402300799"), ("9" * 30, "or equal to 253402300799"), ("-1", "or equal to 0")],
)
@pytest.mark.parametrize("form", ["seconds", "rfc3339"])
def test_a_time_that_cannot_be_written_is_named(form: str, timestamp: str, expected: str) -> None:
    changes = {
        "feeds.bet.signature.secrets": f'["{API_KEY}"]',
        "feeds.bet.signature.content": '"{timestamp}{body}"',
        "feeds.bet.signature.timestamp_header": '"X-Time"',
        "feeds.bet.signature.timestamp_form": f'"{form}"',
    }
    with surroundings(toml(feeds__bet__webhook_secrets=None, **changes)):
        assert expected in _complaint("--timestamp", timestamp)
        assert _headers(_sign("--timestamp", "253402300799"))


@pytest.fixture
def signed_by_rsa(rsa: RSAPrivateKey) -> Iterator[RSAPrivateKey]:
    """A feed that is signed with a private key."""
    changes = {"feeds.bet.signature.algorithm": '"rsa-sha256"', "feeds.bet.signature.public_keys": _public(rsa)}
    with surroundings(toml(feeds__bet__webhook_secrets=None, **changes)):
        yield rsa


def test_with_its_private_key_an_rsa_feed_is_signed_for(signed_by_rsa: RSAPrivateKey) -> None:
    assert _refusal(_headers(_sign("--private-key", _written(signed_by_rsa)))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"feeds.bet.webhook_public_keys": ""},
        {"feeds.bet.signature.public_keys": "", "feeds.bet.signature.algorithm": '"ed25519"'},
    ],
    ids=["webhook_public_keys", "signature"],
)
def test_with_its_private_key_an_ed25519_feed_is_signed_for(
    changes: dict[str, str], ed25519: Ed25519PrivateKey
) -> None:
    filled = {name: value or _public(ed25519) for name, value in changes.items()}
    with surroundings(toml(feeds__bet__webhook_secrets=None, **filled)):
        assert _refusal(_headers(_sign("--private-key", _written(ed25519)))) is None


def _complaint(*options: str) -> str:
    result = _sign(*options)
    assert (2, "") == (result.exit_code, result.stdout)
    return " ".join(result.stderr.replace("│", " ").split())


@pytest.mark.usefixtures("signed_by_rsa")
def test_without_the_private_key_it_is_asked_for() -> None:
    assert "name a file with the sender's private key" in _complaint()


def test_a_private_key_that_will_not_do_is_named(signed_by_rsa: RSAPrivateKey, ed25519: Ed25519PrivateKey) -> None:
    Path("no-key").write_text("-----BEGIN nothing")
    Path("no-text").write_bytes(b"\xff\xfe")

    assert "No such file or directory: nowhere" in _complaint("--private-key", "nowhere")
    assert "this is no PEM of a private key" in _complaint("--private-key", "no-key")
    assert "codec can't decode" in _complaint("--private-key", "no-text")
    assert "belongs to none of the feed's" in _complaint("--private-key", _written(ed25519))
    assert "without a password" in _complaint("--private-key", _written(signed_by_rsa, password="a password"))


def test_a_feed_with_a_secret_takes_no_private_key(ed25519: Ed25519PrivateKey) -> None:
    with surroundings(toml()):
        assert "this feed has no public keys" in _complaint("--private-key", _written(ed25519))
