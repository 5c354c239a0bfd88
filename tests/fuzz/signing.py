"""Signatures by the Standard Webhooks, for tools with an environment of their own: nothing of ours is imported."""

import base64
import hmac
import os
import time
from uuid import uuid4

SECRET = "FUZZ_WEBHOOK_SECRET"  # the variable with the feeds' secret, whsec_…


def signed(body: bytes) -> dict[str, str]:
    """The headers that authenticate a body, now."""
    key = base64.b64decode(os.environ[SECRET].removeprefix("whsec_"))
    message_id, timestamp = f"msg_{uuid4().hex}", str(int(time.time()))
    digest = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, "sha256")
    signature = "v1," + base64.b64encode(digest).decode()
    return {"webhook-id": message_id, "webhook-timestamp": timestamp, "webhook-signature": signature}
