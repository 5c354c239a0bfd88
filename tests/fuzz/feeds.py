"""The feeds of the service under fuzz: every scheme of authentication, CloudEvents, and a platform's own payload."""

import time
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.authentication.signing import signing_with
from app.domain.authentication import Scheme
from app.settings.feeds import FeedSettings
from tests import examples

BATCH_LIMIT = 100  # events
BATCH_BODY_LIMIT = 1_000_000  # bytes
TOLERANCE = timedelta(minutes=5)
BUILT_IN = ("bet", "deposit")
_TEXT = "correct-horse-battery-staple"
_USUAL = f'webhook_secrets = ["{examples.SECRET}"]'


def _private_pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def _public_pem(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The private keys of the senders that have some, made anew for each run."""

    rsa: RSAPrivateKey
    ed25519: Ed25519PrivateKey


KEYS = Keys(rsa=generate_private_key(public_exponent=65537, key_size=2048), ed25519=Ed25519PrivateKey.generate())

TOML = f'''
[feeds.bet]
{_USUAL}
batch.limit = {BATCH_LIMIT}
batch.body_limit = {BATCH_BODY_LIMIT}

[feeds.deposit]
{_USUAL}

[feeds.cloud]
kind = "bet"
{_USUAL}
cloud_events = true
batch.limit = {BATCH_LIMIT}

[feeds.settlements]
kind = "bet"
amount_scale = 2
time_format = "milliseconds"
bonus = "subtracted"
free_stakes = ["free", "true"]
statuses = ["ok", "1"]
signature.secrets = ["{_TEXT}"]
signature.header = "X-Signature"
signature.prefix = "sha256="
signature.content = "{{id}}.{{timestamp}}.{{body}}"
signature.timestamp_header = "X-Timestamp"
signature.timestamp_form = "milliseconds"
signature.id_header = "X-Id"
batch.items = "data.settlements"
batch.shared = ["operator", "note"]
batch.told_by = "kind"
batch.taken = ["bet"]
batch.limit = {BATCH_LIMIT}
[feeds.settlements.fields]
event_id = "tx.id"
event_type = {{ path = "tx.type", values = {{ "1" = "BET" }} }}
brand_id = {{ path = ["operator.brand", "brand"], values = {{ "1" = "brand1" }} }}
player_id = "tx.users.1"
game_code = ["tx.game.code", "tx.game"]
provider_id = "tx.game.provider"
round_id = "tx.round"
amount = "tx.cents"
bonus_amount = "tx.bonus"
currency = {{ path = "tx.currency", default = "EUR", values = {{ "978" = "EUR" }} }}
occurred_at = "tx.at"
status = {{ path = "tx.status", default = "ok" }}
stake_type = "tx.free"

[feeds.stripe]
kind = "bet"
signature.secrets = ["{_TEXT}", "another-{_TEXT}"]
signature.header = "Stripe-Signature"
signature.parameter = "v1"
signature.timestamp_parameter = "t"
signature.content = "{{timestamp}}.{{body}}"

[feeds.rsa]
kind = "bet"
signature.algorithm = "rsa-sha256"
signature.public_keys = ["""{_public_pem(KEYS.rsa)}"""]
signature.encoding = "base64"

[feeds.ed25519]
kind = "bet"
signature.algorithm = "ed25519"
signature.public_keys = ["""{_public_pem(KEYS.ed25519)}"""]
signature.content = "{{body}}|{{timestamp}}"
signature.timestamp_header = "X-Timestamp"
signature.timestamp_form = "rfc3339"

[feeds.hooks]
kind = "bet"
webhook_public_keys = ["""{_public_pem(KEYS.ed25519)}"""]

[feeds.canonical]
kind = "bet"
signature.algorithm = "hmac-sha512"
signature.secrets = ["{_TEXT}"]
signature.encoding = "base64"
signature.content = "{{canonical_json}}"

[feeds.hashed]
kind = "bet"
signature.algorithm = "sha256"
signature.secrets = ["{_TEXT}"]
signature.header = "Authorization"
signature.content = "{{body}}{{secret}}"

[feeds.keyed]
kind = "bet"
api_keys = ["{_TEXT}"]
api_key_header = "X-Api-Key"

[feeds.bearer]
kind = "bet"
api_keys = ["{_TEXT}"]

[feeds.basic]
kind = "bet"
basic_users = ["pâté:{_TEXT}"]
'''
_PRIVATE: dict[str, RSAPrivateKey | Ed25519PrivateKey] = {
    "rsa": KEYS.rsa,
    "ed25519": KEYS.ed25519,
    "hooks": KEYS.ed25519,
}


def _scheme(name: str, feed: dict[str, Any]) -> Scheme:
    scheme = FeedSettings.model_validate({"kind": name} | feed).scheme()
    return signing_with(scheme, _private_pem(_PRIVATE[name])) if name in _PRIVATE else scheme


SCHEMES = {name: _scheme(name, feed) for name, feed in tomllib.loads(TOML)["feeds"].items()}


def signed(feed: str, body: bytes, *, ahead: int = 0) -> dict[str, str]:
    """The headers of a request to a feed, signed now by a clock that is so many seconds ahead."""
    now = int(time.time()) + ahead
    credentials = SCHEMES[feed].credentials(body, message_id=f"msg_{uuid4().hex}", timestamp=now)
    return {"content-type": "application/json"} | credentials


def settlement(bet: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A bet as the platform of the feed `settlements` sends it, without its operator. `changes` are of `tx`."""
    tx = {
        "id": bet["event_id"],
        "type": 1,
        "users": ["vip", bet["player_id"]],
        "game": {"code": bet["game_code"], "provider": "studio-one"},
        "round": 9001,
        "cents": "250",
        "bonus": 50,
        "at": 1_795_348_800_000,
        "free": False,
    }
    return {"kind": "bet", "tx": tx | changes}
