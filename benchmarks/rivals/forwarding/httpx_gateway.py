"""Calls to the Gateway over httpx, as most would make them: one client for all requests, as its documentation says."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from benchmarks.rivals.team.contribution import PATH
from benchmarks.rivals.team.gateway import AUTHENTICATION
from benchmarks.rivals.team.surroundings import GATEWAY_URL, told

_LIMITS = httpx.Limits(max_connections=100, max_keepalive_connections=100)  # by default 44 of 64 would be closed


class HttpxGateway:
    """The Gateway, with a service token that was got once."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def contribute(self, body: bytes) -> int:
        """Make a contribution. Gives the status, a 2xx; raises httpx.HTTPError."""
        answered = await self._client.post(PATH, content=body)
        return answered.raise_for_status().status_code


@asynccontextmanager
async def connected() -> AsyncIterator[HttpxGateway]:
    """A Gateway for as long as the context."""
    headers = {"content-type": "application/json"}
    async with httpx.AsyncClient(base_url=told(GATEWAY_URL), limits=_LIMITS, timeout=30, headers=headers) as client:
        authenticated = await client.post("/authenticate/service", json=AUTHENTICATION)
        client.headers["authorization"] = f"Bearer {authenticated.raise_for_status().json()['token']}"
        yield HttpxGateway(client)
