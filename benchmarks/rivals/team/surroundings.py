"""What a rival's processes are told by the environment."""

import os

DATABASE_URL, GATEWAY_URL, WEBHOOK_SECRET, BROKER_URL, CLIENT, PORT = (
    "RIVAL_DATABASE_URL",
    "RIVAL_GATEWAY_URL",
    "RIVAL_WEBHOOK_SECRET",
    "RIVAL_BROKER_URL",
    "RIVAL_CLIENT",
    "RIVAL_PORT",
)


def told(name: str) -> str:
    """The value of one of the above. Raises KeyError where it is missing."""
    return os.environ[name]
