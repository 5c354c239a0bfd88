"""The code of docs/authentication.md, run as it stands there: the service accepts what it signs."""

import asyncio
import base64
import re
import shutil
import sys
import tomllib
from asyncio.subprocess import PIPE
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from tests import examples
from tests.acceptance.serving import served
from tests.acceptance.wire import Address
from tests.examples import Running

GUIDE = (Path(__file__).parents[2] / "docs" / "authentication.md").read_text(encoding="utf-8")
SECRET = "a-secret-of-the-platform"
FILES = {"python": "sender.py", "javascript": "sender.mjs", "php": "sender.php"}
INTERPRETERS = {"python": sys.executable, "javascript": shutil.which("node"), "php": shutil.which("php")}
URL = "http://127.0.0.1:8000"

PrivateKey = RSAPrivateKey | Ed25519PrivateKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A section of the guide: the secret of its sender, and where the configuration has it."""

    section: str
    setting: str
    secret: str = SECRET
    key: Callable[[], PrivateKey] | None = None
    part: int = 0  # of the section, where it has several configurations


SCHEMES = [
    Scheme(section="Standard Webhooks", setting="webhook_secrets", secret=examples.SECRET),
    Scheme(
        section="Standard Webhooks with a public key",
        setting="webhook_public_keys",
        key=Ed25519PrivateKey.generate,
    ),
    Scheme(section="HMAC of timestamp and body", setting="signature.secrets"),
    Scheme(section="HMAC of timestamp and body", setting="signature.secrets", part=1),
    Scheme(section="HMAC of the body", setting="signature.secrets"),
    Scheme(section="HMAC of canonical JSON", setting="signature.secrets"),
    Scheme(
        section="RSA",
        setting="signature.public_keys",
        key=lambda: generate_private_key(public_exponent=65537, key_size=2048),
    ),
    Scheme(section="A plain hash", setting="signature.secrets"),
    Scheme(section="API key", setting="api_keys"),
    Scheme(section="Basic", setting="basic_users", secret=f"user:{SECRET}"),
]


def _section(heading: str) -> str:
    return GUIDE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def _blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def _configured(scheme: Scheme, value: str) -> dict[str, Any]:
    """The settings of the feed, as the guide has them, and the key."""
    feed: dict[str, Any] = tomllib.loads(_blocks(_section(scheme.section), "toml")[scheme.part])["feeds"]["bet"]
    *path, last = scheme.setting.split(".")
    table = feed
    for name in path:
        table = table.setdefault(name, {})
    table[last] = [value]
    return feed


def _program(scheme: Scheme, language: str, address: Address) -> str | None:
    """What makes the headers, and what sends; None where the guide has no such code."""
    parts = [
        each for each in re.split(r"(?=^```toml$)", _section(scheme.section), flags=re.MULTILINE) if "```toml" in each
    ]
    found = _blocks(parts[scheme.part], language)
    if not found:
        return None
    (sending,) = _blocks(_section("Sending"), language)
    return f"{found[0]}\n{sending.removeprefix('<?php')}".replace(URL, address.url)


def _key_pair(key: PrivateKey) -> tuple[bytes, str]:
    """The private one for the sender, the public one for us: PEM."""
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return private, public.decode()


async def _run(interpreter: str, file: Path, *, secret: str) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(interpreter, file.name), cwd=file.parent, env={"SECRET": secret}, stdout=PIPE, stderr=PIPE
    )
    with anyio.fail_after(examples.DEADLINE):
        output, errors = await process.communicate()
    return process.returncode, (output + errors).decode()


def test_the_guide_has_code_for_every_scheme_in_every_language() -> None:
    for scheme in SCHEMES:
        if scheme.part == 0:
            for language in FILES:
                assert _blocks(_section(scheme.section), language), (scheme.section, language)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: f"{scheme.section} {scheme.part}")
async def test_what_the_guides_code_signs_is_accepted(
    scheme: Scheme, database_url: str, gateway: Running, tmp_path: Path
) -> None:
    value = scheme.secret
    if scheme.key:
        private, value = _key_pair(scheme.key())
        (tmp_path / "private.pem").write_bytes(private)
    settings = examples.settings(
        database_url=database_url,
        gateway_url=gateway.url,
        feeds={"bet": _configured(scheme, value), "deposit": {"enabled": False}},
    )
    answers: dict[str, tuple[int | None, str]] = {}
    wrong: dict[str, tuple[int | None, str]] = {}
    async with served(settings) as address:
        for language, interpreter in INTERPRETERS.items():
            program = _program(scheme, language, address)
            if program is None or interpreter is None:
                continue
            file = tmp_path / FILES[language]
            file.write_text(program)
            answers[language] = await _run(interpreter, file, secret=scheme.secret)
            if scheme.key is None:
                wrong[language] = await _run(interpreter, file, secret=_another(scheme.secret))

    assert "python" in answers
    for language, (status, output) in answers.items():
        assert (0, "202") == (status, output[:3]), (language, output)
    for language, (_, output) in wrong.items():
        assert re.match('401 {.*"detail": "', output), (language, output)


def _another(secret: str) -> str:
    if secret.startswith("whsec_"):
        return "whsec_" + base64.b64encode(bytes(32)).decode()
    return secret + "-not"
