"""Signatures by a private key that is the sender's alone. Imported only where a feed has public keys: `cryptography`
takes some 20 ms to import.
"""

import binascii
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from app.authentication.small_order import of_small_order
from app.domain.authentication import CannotSignError

SMALLEST_RSA = 2048  # bits
ED25519_PREFIX = "whpk_"  # of a public key, by Standard Webhooks; its secret key has whsk_
ED25519_SECRET_PREFIX = "whsk_"  # noqa: S105 - the prefix that marks a secret, not one
ED25519_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Rsa:
    """RSA-SHA256, PKCS#1 v1.5 (RFC 8017)."""

    public_keys: tuple[RSAPublicKey, ...]
    private_key: RSAPrivateKey | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """As `Algorithm` says."""
        return "RSA-SHA256 (PKCS#1 v1.5)"

    @property
    def live_keys(self) -> frozenset[bytes]:
        """As `Algorithm` says."""
        return frozenset(map(_der, self.public_keys))

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """As `Algorithm` says."""
        found = False
        for key in self.public_keys:
            found |= _verifies_rsa(key, content, signature)
        return found

    def sign(self, content: bytes) -> bytes:
        """As `Algorithm` says."""
        if self.private_key is None:
            raise CannotSignError
        return self.private_key.sign(content, PKCS1v15(), SHA256())


@dataclass(frozen=True, slots=True, kw_only=True)
class Ed25519:
    """Ed25519 (RFC 8032)."""

    public_keys: tuple[Ed25519PublicKey, ...]
    private_key: Ed25519PrivateKey | None = field(default=None, repr=False)

    @property
    def name(self) -> str:
        """As `Algorithm` says."""
        return "Ed25519"

    @property
    def live_keys(self) -> frozenset[bytes]:
        """As `Algorithm` says."""
        return frozenset(map(_der, self.public_keys))

    def verifies(self, content: bytes, signature: bytes) -> bool:
        """As `Algorithm` says."""
        found = False
        for key in self.public_keys:
            found |= _verifies_ed25519(key, content, signature)
        return found

    def sign(self, content: bytes) -> bytes:
        """As `Algorithm` says."""
        if self.private_key is None:
            raise CannotSignError
        return self.private_key.sign(content)


def rsa_public_key(text: str) -> RSAPublicKey:
    """The RSA key in a PEM. Raises ValueError."""
    key = _public_pem(text)
    if not isinstance(key, RSAPublicKey):
        raise ValueError("this PEM holds no RSA key")  # noqa: TRY004 - of a setting, it is the value
    if key.key_size < SMALLEST_RSA:
        raise ValueError(f"an RSA key of {key.key_size} bits is too short: {SMALLEST_RSA} at least")
    return key


def ed25519_public_key(text: str) -> Ed25519PublicKey:
    """The Ed25519 key in a PEM, or in base64 with or without the prefix whpk_. Raises ValueError."""
    if "-----BEGIN" in text:
        key = _public_pem(text)
        if not isinstance(key, Ed25519PublicKey):
            raise ValueError("this PEM holds no Ed25519 key")
        return _of_a_sender(key)
    if text.startswith(ED25519_SECRET_PREFIX):
        raise ValueError("this is a private key, which is the sender's alone: the public one begins with whpk_")
    return _of_a_sender(Ed25519PublicKey.from_public_bytes(_ed25519_bytes(text.removeprefix(ED25519_PREFIX))))


def private_key(text: str) -> RSAPrivateKey | Ed25519PrivateKey:
    """The key in a PEM without a password, or an Ed25519 key in base64 with the prefix whsk_. Raises ValueError."""
    if "-----BEGIN" not in text:
        return Ed25519PrivateKey.from_private_bytes(_ed25519_bytes(text.strip().removeprefix(ED25519_SECRET_PREFIX)))
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it has a password
        raise ValueError("this is no PEM of a private key without a password") from None
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("a private key is one of RSA or Ed25519")  # noqa: TRY004 - as above
    return key


def _of_a_sender(key: Ed25519PublicKey) -> Ed25519PublicKey:
    """The key, unless anybody can make what it verifies, as with 32 bytes that were never filled."""
    if of_small_order(key.public_bytes_raw()):
        raise ValueError("anybody can sign for this Ed25519 key: it is no sender's, but a point of small order")
    return key


def _ed25519_bytes(text: str) -> bytes:
    try:
        raw = binascii.a2b_base64(text, strict_mode=True)
    except ValueError:
        raise ValueError("an Ed25519 key is a PEM, or base64 with or without its prefix") from None
    if len(raw) != ED25519_BYTES:
        raise ValueError(f"an Ed25519 key is {ED25519_BYTES} bytes long")
    return raw


def _der(key: RSAPublicKey | Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


def _public_pem(text: str) -> object:
    if text.count("-----BEGIN") > 1:
        raise ValueError("these are several PEMs in one: write each as an entry of its own")
    if "PRIVATE KEY" in text:
        raise ValueError("this is a private key, which is the sender's alone: the public one is needed")
    try:
        return serialization.load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no PEM of a public key: it begins with -----BEGIN PUBLIC KEY-----") from None


def _verifies_rsa(key: RSAPublicKey, content: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, content, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _verifies_ed25519(key: Ed25519PublicKey, content: bytes, signature: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
