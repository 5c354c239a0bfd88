"""Bytes as text: how signatures, and some secrets, are written."""

import base64
import binascii
from typing import Literal

Encoding = Literal["hex", "base64"]


def decoded(text: str, encoding: Encoding) -> bytes | None:
    """The bytes that a text is; None where it is not in this encoding. Hex has either case, base64 its padding."""
    try:
        if encoding == "hex":
            return binascii.unhexlify(text)
        return binascii.a2b_base64(text, strict_mode=True)
    except ValueError:  # binascii.Error among them, and what is not ASCII
        return None


def encoded(data: bytes, encoding: Encoding) -> str:
    """The bytes as text."""
    return data.hex() if encoding == "hex" else base64.b64encode(data).decode("ascii")
