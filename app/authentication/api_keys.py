"""A key that the sender shows with each request, in a header of any name."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field

BEARER = "authorization"  # in this header a key stands behind the word Bearer (RFC 6750), in any other alone


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeys:
    """Any of the live keys, in the header of this name."""

    keys: tuple[bytes, ...] = field(repr=False)
    header: str = "Authorization"

    @property
    def bearer(self) -> bool:
        """Whether a key stands behind the word Bearer."""
        return self.header.lower() == BEARER

    @property
    def challenge(self) -> str:
        """Bearer, or the header's name."""
        return "Bearer" if self.bearer else f'ApiKey header="{self.header}"'

    @property
    def needs_body(self) -> bool:
        """It is not looked at."""
        return False

    def refusal(self, headers: Mapping[str, str], body: bytes, *, now: float) -> str | None:  # noqa: ARG002 - not looked at
        """As `Scheme` says."""
        offered = headers.get(self.header.lower(), "")
        if self.bearer:
            kind, _, offered = offered.partition(" ")
            if kind.lower() != "bearer" or not offered:
                return "the header Authorization: Bearer <key> is needed"
        if not offered:
            return f"the header {self.header}: <key> is needed"
        found = False
        for key in self.keys:
            found |= hmac.compare_digest(key, offered.strip().encode())
        return None if found else "the key is not one of this feed's"

    def credentials(self, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:  # noqa: ARG002 - as above
        """As `Scheme` says."""
        key = self.keys[0].decode()
        return {self.header.lower(): f"Bearer {key}" if self.bearer else key}
