"""A configuration for the service that works with the sandbox, with secrets made up on the spot."""

import base64
import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from app.domain.authentication import Scheme, StandardWebhooks

OPERATOR_ID = "sandbox-casino"
BRAND_ID = "brand1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What the sandbox's parts must agree on."""

    folder: Path
    username: str = "event-processor"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    keys: dict[str, bytes] = field(
        default_factory=lambda: {"bet": secrets.token_bytes(32), "deposit": secrets.token_bytes(32)}
    )

    @property
    def schemes(self) -> dict[str, Scheme]:
        """How each feed authenticates."""
        tolerance = timedelta(minutes=5)
        return {feed: StandardWebhooks(keys=(key,), tolerance=tolerance) for feed, key in self.keys.items()}

    @property
    def configuration(self) -> Path:
        """The service's configuration file."""
        return self.folder / "event-processor.toml"

    def write(self, *, gateway_url: str, port: int) -> None:
        """Write the configuration file, for our own eyes only."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.configuration.touch(mode=0o600)
        feeds = "".join(
            f'[feeds.{feed}]\nwebhook_secrets = ["whsec_{base64.b64encode(key).decode()}"]\n\n'
            for feed, key in self.keys.items()
        )
        self.configuration.write_text(
            f'operator_id = "{OPERATOR_ID}"\n'
            f'brands = ["{BRAND_ID}"]\n'
            f'data_folder = "{self.folder}"\n\n'
            f"[server]\nport = {port}\n\n"
            f'[gateway]\nurl = "{gateway_url}"\nusername = "{self.username}"\npassword = "{self.password}"\n\n'
            f"{feeds}"
        )
