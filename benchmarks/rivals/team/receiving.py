"""What is done with a request before anything is stored: signature checked over the raw body, event validated."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from fastapi import HTTPException
from pydantic import ValidationError

from app.authentication.standard_webhooks import StandardWebhooks, secret_bytes
from benchmarks.floor.model import Bet
from benchmarks.rivals.team.surroundings import WEBHOOK_SECRET, told

_SCHEME = StandardWebhooks(keys=(secret_bytes(told(WEBHOOK_SECRET)),), tolerance=timedelta(minutes=5))


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """An authentic event, and its body as it came."""

    event: Bet
    payload: str


def received(headers: Mapping[str, str], body: bytes) -> Received:
    """Raises HTTPException: 401 where the signature is wrong, 422 where the event is."""
    if why := _SCHEME.refusal(headers, body, now=time.time()):
        raise HTTPException(401, why)
    try:
        return Received(event=Bet.model_validate_json(body), payload=body.decode())
    except ValidationError as error:
        raise HTTPException(422, error.errors(include_url=False, include_context=False)) from None


def answer(event_id: str, *, new: bool) -> dict[str, str]:
    """What the sender is told."""
    return {"event_id": event_id, "status": "accepted" if new else "duplicate"}
