"""Basic authentication (RFC 7617): a user and a password with each request."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Basic:
    """Any of the live `user:password`, in UTF-8."""

    users: tuple[bytes, ...] = field(repr=False)

    @property
    def challenge(self) -> str:
        """As RFC 7617 has it."""
        return 'Basic realm="events", charset="UTF-8"'

    @property
    def needs_body(self) -> bool:
        """It is not looked at."""
        return False

    def refusal(self, headers: Mapping[str, str], body: bytes, *, now: float) -> str | None:  # noqa: ARG002 - not looked at
        """As `Scheme` says."""
        kind, _, encoded = headers.get("authorization", "").partition(" ")
        if kind.lower() != "basic" or not encoded:
            return "the header Authorization: Basic <base64 of user:password> is needed"
        try:
            offered = binascii.a2b_base64(encoded.strip(), strict_mode=True)
        except ValueError:  # not base64, or not even ASCII
            return "what follows Basic is not the base64 of user:password"
        found = False
        for known in self.users:
            found |= hmac.compare_digest(known, offered)
        return None if found else "user and password are none of this feed's"

    def credentials(self, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:  # noqa: ARG002 - as above
        """As `Scheme` says."""
        return {"authorization": "Basic " + base64.b64encode(self.users[0]).decode("ascii")}
