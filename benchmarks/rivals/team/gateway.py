"""Calls to the Gateway over this project's own client, the fastest that we know: given to every rival in Python."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from app.domain.outcome import Answered
from app.gateway.call import Limits
from app.gateway.direct import DirectCaller
from benchmarks.rivals.team.contribution import PATH
from benchmarks.rivals.team.surroundings import GATEWAY_URL, told

AUTHENTICATION = {"username": "rival", "password": "benchmark-password"}
_LIMITS = Limits(
    timeout=timedelta(seconds=30), connect_timeout=timedelta(seconds=5), connections=128, response_limit=65536
)
_SUCCESS = range(200, 300)


class GatewayError(Exception):
    """A call got no 2xx. Whoever calls tries again."""


class Gateway:
    """The Gateway, with a service token that was got once."""

    def __init__(self, caller: DirectCaller, token: str) -> None:
        self._caller = caller
        self._headers = {"authorization": f"Bearer {token}"}

    async def contribute(self, body: bytes) -> int:
        """Make a contribution. Gives the status, a 2xx; raises GatewayError."""
        match await self._caller.post(PATH, body, self._headers):
            case Answered(status=status) if status in _SUCCESS:
                return status
            case other:
                raise GatewayError(repr(other))


@asynccontextmanager
async def connected() -> AsyncIterator[Gateway]:
    """A Gateway for as long as the context. Raises GatewayError where it gives no token."""
    async with DirectCaller(told(GATEWAY_URL), _LIMITS) as caller:
        match await caller.post("/authenticate/service", json.dumps(AUTHENTICATION).encode(), {}):
            case Answered(status=200, body=text):
                yield Gateway(caller, json.loads(text)["token"])
            case other:
                raise GatewayError(repr(other))
