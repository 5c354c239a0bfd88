"""A folder of the sandbox's own, and a configuration for the service that works with it."""

import base64
import fcntl
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from app.authentication.standard_webhooks import StandardWebhooks
from app.domain.authentication import Scheme

OPERATOR_ID = "sandbox-casino"
BRAND_ID = "brand1"
MARKER = ".sandbox"  # in a folder that is the sandbox's, and locked while it is used


class FolderTakenError(Exception):
    """The folder is not for us to use."""


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

    @contextmanager
    def own_folder(self) -> Iterator[None]:
        """Have the folder to ourselves. Raises FolderTakenError where it holds something else, or another has it."""
        marker = self.folder / MARKER
        if self.folder.exists() and any(self.folder.iterdir()) and not marker.exists():
            raise FolderTakenError(f"{self.folder} is not empty, and no folder of the sandbox")
        self.folder.mkdir(parents=True, exist_ok=True)
        with marker.open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise FolderTakenError(f"another one is running in {self.folder}; name another with --folder") from None
            yield

    def empty_folder(self) -> None:
        """Remove what an earlier run left."""
        for path in self.folder.iterdir():
            if path.is_dir():
                shutil.rmtree(path)
            elif path.name != MARKER:
                path.unlink()

    def write(self, *, gateway_url: str, port: int) -> None:
        """Write the configuration file, for our own eyes only."""
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
