"""`check-config`: the configuration as it takes effect, with secrets masked."""

import json

from app.settings import load


def check_config() -> None:
    """Print the effective configuration, secrets masked; or one line per mistake, and exit 2."""
    print(json.dumps(load().model_dump(mode="json"), indent=2))
