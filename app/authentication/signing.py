"""Signing as the sender of a feed with public keys does: with its private key, to try the feed."""

from dataclasses import replace

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from app.authentication.algorithm import Algorithm
from app.authentication.public_key import Ed25519, Rsa, private_key
from app.authentication.signature import Signature
from app.authentication.standard_webhooks import StandardWebhooks
from app.domain.authentication import Scheme


def signing_with(scheme: Scheme, key: str) -> Scheme:
    """The scheme with a private key, as a PEM or behind whsk_, that its `credentials` are made with.
    Raises ValueError where that is no key, or none of the scheme's.
    """
    match scheme:
        case StandardWebhooks(public_keys=Ed25519() as public_keys):
            return replace(scheme, keys=(), public_keys=_with(public_keys, private_key(key)))
        case Signature(algorithm=Rsa() | Ed25519() as algorithm):
            return replace(scheme, algorithm=_with(algorithm, private_key(key)))
        case _:
            raise ValueError("this feed has no public keys: it is signed for with what the configuration holds")


def _with(algorithm: Rsa | Ed25519, key: RSAPrivateKey | Ed25519PrivateKey) -> Algorithm:
    match algorithm, key:
        case Rsa(public_keys=public_keys), RSAPrivateKey() if key.public_key() in public_keys:
            return replace(algorithm, private_key=key)
        case Ed25519(public_keys=public_keys), Ed25519PrivateKey() if key.public_key() in public_keys:
            return replace(algorithm, private_key=key)
    raise ValueError("this private key belongs to none of the feed's public keys")
