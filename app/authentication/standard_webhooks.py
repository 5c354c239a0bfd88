"""Standard Webhooks, v1 (HMAC-SHA256) and v1a (Ed25519): github.com/standard-webhooks."""

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from app.authentication.algorithm import Algorithm
from app.authentication.encoding import decoded
from app.authentication.wire import wire

SHORTEST_KEY = 24  # bytes, by the specification
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that marks a secret, not one
MAX_SIGNATURES = 4096  # characters; two secrets in rotation need about a hundred
MAX_PUBLIC_KEY_SIGNATURES = 4  # of a request that are verified by public keys: each costs a tenth of a millisecond


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardWebhooks:
    """Signed requests. Any live key will do, so that a secret can be rotated without a refused request."""

    keys: tuple[bytes, ...] = field(default=(), repr=False)
    public_keys: Algorithm | None = None
    tolerance: timedelta

    @property
    def challenge(self) -> str:
        """The name of the specification."""
        return "StandardWebhooks"

    @property
    def signs(self) -> bool:
        """As `Scheme` says."""
        return True

    def refusal(self, headers: Mapping[str, str], body: bytes, *, now: float) -> str | None:
        """As `Scheme` says."""
        message_id = headers.get("webhook-id", "")
        timestamp = headers.get("webhook-timestamp", "")
        signatures = headers.get("webhook-signature", "")
        if not (message_id and timestamp and signatures):
            return "the headers webhook-id, webhook-timestamp and webhook-signature are needed"
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999")):
            return "webhook-timestamp is not a number of seconds since the epoch"
        if abs(now - int(timestamp)) > self.tolerance.total_seconds():
            return "webhook-timestamp is too far from the present: check the sender's clock"
        content = _content(message_id, timestamp, body)
        if len(signatures) > MAX_SIGNATURES or not self._match(content, signatures):
            return "no signature in webhook-signature is that of {id}.{timestamp}.{body} by a key of this feed"
        return None

    def credentials(self, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:
        """As `Scheme` says: with the first of the secrets, or where there is none the private key."""
        content = _content(message_id, str(timestamp), body)
        if self.keys or self.public_keys is None:
            signed = _v1(self.keys[0], content)
        else:
            signed = "v1a," + base64.b64encode(self.public_keys.sign(content)).decode("ascii")
        return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signed}

    def _match(self, content: bytes, signatures: str) -> bool:
        found = bool(self.keys) and _matched(self.keys, content, signatures)
        return found if found or self.public_keys is None else _verified(self.public_keys, content, signatures)


def secret_bytes(text: str) -> bytes:
    """The key in a `whsec_…` secret. Raises ValueError when it is not base64 of at least 24 bytes,
    the least that the specification asks for.
    """
    try:
        key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except ValueError:  # not base64, or not even ASCII
        raise ValueError("a webhook secret is base64, with or without the prefix whsec_") from None
    if len(key) < SHORTEST_KEY:
        raise ValueError(f"a webhook secret is at least {SHORTEST_KEY} bytes long")
    return key


def sign(key: bytes, *, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature`. `timestamp` is in seconds since the epoch."""
    return _v1(key, _content(message_id, str(timestamp), body))


def _matched(keys: Iterable[bytes], content: bytes, signatures: str) -> bool:
    """Whether one of the space-separated signatures is that of one of the keys.

    Every pair is compared, each in constant time, so the time taken tells nothing of the keys.
    """
    offered = [signature.encode() for signature in signatures.split(" ")]
    found = False
    for key in keys:
        expected = _v1(key, content).encode()
        for signature in offered:
            found |= hmac.compare_digest(expected, signature)
    return found


def _verified(public_keys: Algorithm, content: bytes, signatures: str) -> bool:
    """Whether one of the first v1a signatures is that of one of the public keys, of which nothing is secret."""
    offered = [signature[len("v1a,") :] for signature in signatures.split(" ") if signature.startswith("v1a,")]
    for text in offered[:MAX_PUBLIC_KEY_SIGNATURES]:
        signature = decoded(text, "base64")
        if signature and public_keys.verifies(content, signature):
            return True
    return False


def _content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return wire(f"{message_id}.{timestamp}.") + body


def _v1(key: bytes, content: bytes) -> str:
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode("ascii")
