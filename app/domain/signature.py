"""Standard Webhooks signatures (v1, HMAC-SHA256) as pure functions over bytes: github.com/standard-webhooks."""

import base64
import hmac
from collections.abc import Iterable

SHORTEST_KEY = 24  # bytes, by the specification
SECRET_PREFIX = "whsec_"  # noqa: S105 - the prefix that marks a secret, not one


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
    content = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, content, "sha256")).decode("ascii")


def matches(keys: Iterable[bytes], *, message_id: str, timestamp: int, body: bytes, signatures: str) -> bool:
    """Whether one of the space-separated signatures is that of one of the keys.

    Every pair is compared, each in constant time, so the time taken tells nothing of the keys.
    """
    offered = [signature.encode() for signature in signatures.split(" ")]
    found = False
    for key in keys:
        expected = sign(key, message_id=message_id, timestamp=timestamp, body=body).encode()
        for signature in offered:
            found |= hmac.compare_digest(expected, signature)
    return found
