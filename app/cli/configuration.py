"""`check-config`: the configuration as it takes effect, with secrets masked, and what the start would warn of."""

import json
import sys

from app.authentication.shared_keys import MEANING, sharing_keys
from app.settings import load


def check_config() -> None:
    """Print the effective configuration, secrets masked; or one line per mistake, and exit 2."""
    settings = load()
    for names in sharing_keys(settings.feed_values()):
        print(
            f"warning: {', '.join(f'feeds.{name}' for name in names)}: have a key in common; {MEANING}", file=sys.stderr
        )
    print(json.dumps(settings.model_dump(mode="json"), indent=2))
