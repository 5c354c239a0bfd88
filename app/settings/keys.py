"""The keys of a sender, as they are written in the configuration."""

import binascii
import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, SecretStr
from pydantic_settings import NoDecode

from app.authentication.algorithm import Algorithm
from app.settings.values import entries

SHORTEST_SECRET = 16  # bytes
_PEM = re.compile(r"-----BEGIN [^-]+-----[^-]*-----END [^-]+-----")

SecretEncoding = Literal["text", "hex", "base64"]


def _keys(value: Any) -> Any:
    """From a variable or a secrets file: PEMs one behind the other, or entries as everywhere."""
    if not isinstance(value, str) or "-----" not in value or value.lstrip().startswith("["):
        return entries(value)
    if _PEM.sub("", value).strip():  # whoever lost a key here would not know before the sender signs with it
        raise ValueError("there is more than whole PEMs, each from BEGIN to END: one may have been cut")
    return _PEM.findall(value)


PublicKeys = Annotated[list[str], NoDecode, BeforeValidator(_keys)]


def rsa(public_keys: list[str]) -> Algorithm:
    """RSA-SHA256 with any of the keys. Raises ValueError where one is none."""
    from app.authentication.public_key import Rsa, rsa_public_key  # noqa: PLC0415 - it is slow to import

    return Rsa(public_keys=tuple(map(rsa_public_key, public_keys)))


def ed25519(public_keys: list[str]) -> Algorithm:
    """Ed25519 with any of the keys. Raises ValueError where one is none."""
    from app.authentication.public_key import Ed25519, ed25519_public_key  # noqa: PLC0415 - it is slow to import

    return Ed25519(public_keys=tuple(map(ed25519_public_key, public_keys)))


def decoded(secrets: list[SecretStr], encoding: SecretEncoding) -> tuple[bytes, ...]:
    """The bytes of each secret. Raises ValueError where one is written otherwise, or easily guessed."""
    keys = tuple(_bytes(secret.get_secret_value(), encoding) for secret in secrets)
    if any(len(key) < SHORTEST_SECRET for key in keys):
        raise ValueError(f"a secret is at least {SHORTEST_SECRET} bytes long")
    if any(not key.strip() for key in keys):
        raise ValueError("a secret is not of blanks only")
    return keys


def _bytes(secret: str, encoding: SecretEncoding) -> bytes:
    try:
        match encoding:
            case "hex":
                return binascii.unhexlify(secret)
            case "base64":
                return binascii.a2b_base64(secret, strict_mode=True)
            case "text":
                return secret.encode()
    except ValueError:
        raise ValueError(f"a secret is not {encoding}, as secret_encoding says") from None
