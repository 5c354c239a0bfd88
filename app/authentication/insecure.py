"""No authentication: only where the configuration says so in this very word."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Insecure:
    """Anybody may post."""

    @property
    def challenge(self) -> str:
        """Nobody is ever challenged."""
        return ""

    @property
    def needs_body(self) -> bool:
        """It is not looked at."""
        return False

    def refusal(self, headers: Mapping[str, str], body: bytes, *, now: float) -> str | None:  # noqa: ARG002 - any will do
        """Nothing is refused."""
        return None

    def credentials(self, body: bytes, *, message_id: str, timestamp: int) -> dict[str, str]:  # noqa: ARG002 - as above
        """None are needed."""
        return {}
