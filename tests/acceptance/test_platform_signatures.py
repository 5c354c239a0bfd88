"""Each platform's own way to authenticate, as its public documentation has it, connected by configuration alone.

What a platform sends is put together here by hand, apart from the code that is tested, and posted over real HTTP.
"""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from openapi_spec_validator import validate

from tests import examples
from tests.acceptance.serving import served
from tests.acceptance.wire import Address
from tests.examples import Running

SECRET, NEXT_SECRET = "a-secret-of-the-platform", "its-secret-from-tomorrow"
RSA = generate_private_key(public_exponent=65537, key_size=2048)
RSA_PEM = RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
ED25519 = Ed25519PrivateKey.generate()
WHPK = "whpk_" + base64.b64encode(ED25519.public_key().public_bytes_raw()).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """A feed's settings for a platform, and the headers that it sends with a body."""

    name: str
    settings: dict[str, Any]
    headers: Callable[[bytes], dict[str, str]]


def _hmac(data: bytes, digest: str = "sha256", *, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), data, digest).hexdigest()


def _canonical(body: bytes) -> bytes:
    return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _after_a_bar(body: bytes) -> dict[str, str]:
    now = str(int(time.time()))
    return {"x-timestamp": now, "x-signature": _hmac(body + b"|" + now.encode())}


def _in_one_header(body: bytes) -> dict[str, str]:
    now = str(int(time.time()))
    return {"stripe-signature": f"t={now},v1={_hmac(now.encode() + b'.' + body)},v0=ignored"}


def _by_key_of_standard_webhooks(body: bytes) -> dict[str, str]:
    now = str(int(time.time()))
    signature = base64.b64encode(ED25519.sign(f"msg_1.{now}.".encode() + body)).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": now, "webhook-signature": f"v1a,{signature}"}


def _signature(**settings: Any) -> dict[str, Any]:
    return {"signature": {"secrets": [NEXT_SECRET, SECRET]} | settings}


PLATFORMS = [
    Platform(
        name="1, an API key",
        settings={"api_keys": [NEXT_SECRET, SECRET], "api_key_header": "X-Api-Key"},
        headers=lambda _: {"x-api-key": SECRET},
    ),
    Platform(
        name="1, basic",
        settings={"basic_users": [f"crm:{SECRET}"]},
        headers=lambda _: {"authorization": "Basic " + base64.b64encode(f"crm:{SECRET}".encode()).decode()},
    ),
    Platform(
        name="3, a plain hash",
        settings=_signature(algorithm="sha256", header="Authorization", content="{body}{secret}"),
        headers=lambda body: {"authorization": hashlib.sha256(body + SECRET.encode()).hexdigest()},
    ),
    Platform(
        name="4, RSA",
        settings=_signature(
            algorithm="rsa-sha256", header="X-Hub88-Signature", encoding="base64", secrets=[], public_keys=[RSA_PEM]
        ),
        headers=lambda body: {"x-hub88-signature": base64.b64encode(RSA.sign(body, PKCS1v15(), SHA256())).decode()},
    ),
    Platform(
        name="5, canonical JSON",
        settings=_signature(header="X-REQUEST-SIGN", content="{canonical_json}"),
        headers=lambda body: {"x-request-sign": _hmac(_canonical(body))},
    ),
    Platform(
        name="6, HMAC of the body",
        settings=_signature(header="X-REQUEST-SIGN"),
        headers=lambda body: {"x-request-sign": _hmac(body)},
    ),
    Platform(
        name="7, HMAC and a public name for its key",
        settings=_signature(),
        headers=lambda body: {"x-public-key": "operator-7", "x-signature": _hmac(body).upper()},
    ),
    Platform(
        name="8, HMAC of body and timestamp",
        settings=_signature(content="{body}|{timestamp}", timestamp_header="X-Timestamp"),
        headers=_after_a_bar,
    ),
    Platform(
        name="HMAC-SHA512 in base64 behind a prefix",
        settings=_signature(algorithm="hmac-sha512", prefix="sha512=", encoding="base64"),
        headers=lambda body: {
            "x-signature": "sha512=" + base64.b64encode(bytes.fromhex(_hmac(body, "sha512"))).decode(),
        },
    ),
    Platform(
        name="several values in a header",
        settings=_signature(
            header="Stripe-Signature", parameter="v1", timestamp_parameter="t", content="{timestamp}.{body}"
        ),
        headers=_in_one_header,
    ),
    Platform(
        name="Standard Webhooks with a public key",
        settings={"webhook_public_keys": [WHPK]},
        headers=_by_key_of_standard_webhooks,
    ),
    Platform(
        name="Ed25519 of the body",
        settings=_signature(algorithm="ed25519", secrets=[], public_keys=[WHPK]),
        headers=lambda body: {"x-signature": ED25519.sign(body).hex()},
    ),
]
HOSTILE = [
    b"",
    b"=,;= , ,=",
    b"\xff\xfe",
    "é".encode(),
    "v1=é,t=é".encode(),
    b"0" * 60_000,
    b"v1=00," * 10_000,
    b"v1a,AAAA " * 5_000 + b"v1a,AAAA",
    b"t=1,v1=00",
    b"t=99999999999999999999,v1=" + b"0" * 64,
    b"Basic =",
    b"Basic " + base64.b64encode(b"\xff" * 100),
    b"Bearer",
    b"sha512=",
    b"v1a," + base64.b64encode(bytes(64)),
    b"0" * 64,
    base64.b64encode(bytes(256)),
]


async def _post(client: httpx.AsyncClient, headers: Any, body: bytes) -> httpx.Response:
    sent = [*(headers.items() if isinstance(headers, dict) else headers), (b"content-type", b"application/json")]
    return await client.post("/events/bet", content=body, headers=sent)


def _client(address: Address) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=address.url, timeout=examples.DEADLINE)


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
async def test_a_platforms_own_authentication_is_taken_and_everything_else_is_refused(
    platform: Platform, database_url: str, gateway: Running
) -> None:
    settings = examples.settings(
        database_url=database_url,
        gateway_url=gateway.url,
        feeds={"bet": platform.settings, "deposit": {"enabled": False}},
    )
    body = json.dumps(examples.bet(event_id=str(uuid4()))).encode()
    right = platform.headers(body)
    async with served(settings) as address, _client(address) as client:
        wrong = [await _post(client, {}, body)]
        for name, value in right.items():
            if name == "x-public-key":  # which its signature does without
                continue
            wrong += [await _post(client, [*_without(right, name), (name, text)], body) for text in HOSTILE]
            wrong.append(await _post(client, [(name, HOSTILE[0]), *_without(right, name), (name, value)], body))
        if "signature" in str(platform.settings) or "webhook" in str(platform.settings):
            wrong.append(await _post(client, right, body.replace(b"2.50", b"9.50")))
        accepted = await _post(client, right, body)

    assert {(401, "unauthenticated")} == {
        (answer.status_code, answer.json()["type"].rpartition("/")[2]) for answer in wrong
    }
    for answer in wrong:
        assert answer.headers["www-authenticate"]
        assert SECRET not in answer.text
    assert (202, "accepted") == (accepted.status_code, accepted.json()["status"])


def _without(headers: dict[str, str], name: str) -> list[tuple[str, str]]:
    return [(each, value) for each, value in headers.items() if each != name]


async def test_an_address_out_of_range_is_refused_whatever_it_says_of_itself(
    database_url: str, gateway: Running
) -> None:
    elsewhere = {"webhook_secrets": [examples.SECRET], "allowed_addresses": ["203.0.113.0/24"]}
    here = {"webhook_secrets": [examples.SECRET], "allowed_addresses": ["203.0.113.0/24", "127.0.0.0/8"]}
    settings = examples.settings(
        database_url=database_url, gateway_url=gateway.url, feeds={"bet": elsewhere, "deposit": here}
    )
    bet, deposit = json.dumps(examples.bet()).encode(), json.dumps(examples.deposit()).encode()
    claims = {"x-forwarded-for": "203.0.113.7", "forwarded": "for=203.0.113.7", "x-real-ip": "203.0.113.7"}
    async with served(settings) as address, _client(address) as client:
        refused = [
            await client.post("/events/bet", content=bet, headers=examples.signed(bet) | headers)
            for headers in ({}, claims)
        ]
        accepted = await client.post("/events/deposit", content=deposit, headers=examples.signed(deposit))

    assert [(403, "forbidden-address")] * 2 == [
        (answer.status_code, answer.json()["type"].rpartition("/")[2]) for answer in refused
    ]
    assert 202 == accepted.status_code


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (["203.0.113.7"], 202),
        (["203.0.113.7, 127.0.0.2"], 202),  # by way of another trusted proxy
        (["198.51.100.1, 203.0.113.7"], 202),  # whatever the sender says itself
        (["203.0.113.7, 198.51.100.1"], 403),
        (["203.0.113.7", "198.51.100.1"], 403),
        (["203.0.113.7, é"], 403),
        ([""], 403),
        ([], 403),
    ],
)
async def test_behind_a_trusted_proxy_the_sender_is_the_last_address_that_is_no_proxys(
    forwarded: list[str], expected: int, database_url: str, gateway: Running
) -> None:
    settings = examples.settings(
        database_url=database_url,
        gateway_url=gateway.url,
        server={"trusted_proxies": ["127.0.0.0/8"]},
        feeds={"bet": {"insecure": True, "allowed_addresses": ["203.0.113.0/24"]}, "deposit": {"enabled": False}},
    )
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded]
    async with served(settings) as address, _client(address) as client:
        answer = await _post(client, headers, json.dumps(examples.bet()).encode())

    assert expected == answer.status_code


@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform.name)
async def test_the_documentation_names_the_headers_that_a_platform_sends(
    platform: Platform, database_url: str, gateway: Running
) -> None:
    settings = examples.settings(
        database_url=database_url,
        gateway_url=gateway.url,
        feeds={"bet": platform.settings, "deposit": {"enabled": False}},
    )
    async with served(settings) as address, _client(address) as client:
        document = (await client.get("/openapi.json")).json()

    validate(document)
    (needed,) = document["paths"]["/events/bet"]["post"]["security"]
    definitions = [document["components"]["securitySchemes"][name] for name in needed]
    assert {name for name in platform.headers(b"{}") if name != "x-public-key"} == {
        definition["name"].lower() if definition["type"] == "apiKey" else "authorization" for definition in definitions
    }
