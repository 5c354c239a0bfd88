"""Signatures by a secret that sender and receiver share."""

import hashlib
import hmac
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """HMAC (RFC 2104) with a digest such as sha256."""

    keys: tuple[bytes, ...] = field(repr=False)
    digest: str

    @property
    def name(self) -> str:
        """As `Algorithm` says."""
        return f"HMAC-{self.digest.upper()}"

    @property
    def live_keys(self) -> frozenset[bytes]:
        """As `Algorithm` says."""
        return frozenset(self.keys)

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """As `Algorithm` says, in constant time."""
        found = False
        for key in self.keys:
            found |= hmac.compare_digest(hmac.digest(key, content, self.digest), signature)
        return found

    def sign(self, content: bytes) -> bytes:
        """As `Algorithm` says."""
        return hmac.digest(self.keys[0], content, self.digest)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainHash:
    """The SHA-256 of the content and the secret behind it. Weaker than HMAC, and what some platforms have."""

    keys: tuple[bytes, ...] = field(repr=False)

    @property
    def name(self) -> str:
        """As `Algorithm` says."""
        return "SHA-256, with the secret behind it,"

    @property
    def live_keys(self) -> frozenset[bytes]:
        """As `Algorithm` says."""
        return frozenset(self.keys)

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """As `Algorithm` says, in constant time."""
        found = False
        for key in self.keys:
            found |= hmac.compare_digest(hashlib.sha256(content + key).digest(), signature)
        return found

    def sign(self, content: bytes) -> bytes:
        """As `Algorithm` says."""
        return hashlib.sha256(content + self.keys[0]).digest()
