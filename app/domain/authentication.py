"""Who may post to a feed: each scheme as a value, and one function that decides."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from app.domain import signature

MAX_SIGNATURES = 4096  # characters; two secrets in rotation need about a hundred


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardWebhooks:
    """Signed requests. Any live key will do, so that a secret can be rotated without a refused request."""

    keys: tuple[bytes, ...] = field(repr=False)
    tolerance: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """`Authorization: Bearer <key>` with any of the live keys."""

    keys: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Insecure:
    """Anybody may post. Only where the configuration says so in this very word."""


Scheme = StandardWebhooks | ApiKeys | Insecure


def refusal(scheme: Scheme, headers: Mapping[str, str], body: bytes, *, now: float) -> str | None:
    """Why a request is not authentic, in words that may be shown to its sender, or None when it is.

    `headers` is looked up by lower-case names; `now` is in seconds since the epoch.
    """
    match scheme:
        case StandardWebhooks():
            return _signature_refusal(scheme, headers, body, now)
        case ApiKeys():
            return _key_refusal(scheme, headers)
        case Insecure():
            return None


def credentials(scheme: Scheme, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:
    """The headers that authenticate a body, as its sender makes them, with the first of the live keys.
    `timestamp` is in seconds since the epoch.
    """
    match scheme:
        case StandardWebhooks(keys=(key, *_)):
            signed = signature.sign(key, message_id=message_id, timestamp=timestamp, body=body)
            return {"webhook-id": message_id, "webhook-timestamp": str(timestamp), "webhook-signature": signed}
        case ApiKeys(keys=(key, *_)):
            return {"authorization": f"Bearer {key.decode()}"}
        case _:
            return {}


def challenge(scheme: Scheme) -> str:
    """What `WWW-Authenticate` says to a refused sender (RFC 9110)."""
    return "Bearer" if isinstance(scheme, ApiKeys) else "StandardWebhooks"


def _signature_refusal(scheme: StandardWebhooks, headers: Mapping[str, str], body: bytes, now: float) -> str | None:
    message_id = headers.get("webhook-id", "")
    timestamp = headers.get("webhook-timestamp", "")
    signatures = headers.get("webhook-signature", "")
    if not (message_id and timestamp and signatures):
        return "the headers webhook-id, webhook-timestamp and webhook-signature are needed"
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("9999999999")):
        return "webhook-timestamp is not a number of seconds since the epoch"
    if abs(now - int(timestamp)) > scheme.tolerance.total_seconds():
        return "webhook-timestamp is too far from the present: check the sender's clock"
    if len(signatures) > MAX_SIGNATURES or not signature.matches(
        scheme.keys, message_id=message_id, timestamp=int(timestamp), body=body, signatures=signatures
    ):
        return "no signature in webhook-signature matches"
    return None


def _key_refusal(scheme: ApiKeys, headers: Mapping[str, str]) -> str | None:
    kind, _, offered = headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not offered:
        return "the header Authorization: Bearer <key> is needed"
    found = False
    for key in scheme.keys:
        found |= hmac.compare_digest(key, offered.strip().encode())
    return None if found else "the key is not one of this feed's"
