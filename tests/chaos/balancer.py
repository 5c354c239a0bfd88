"""A load balancer's view of the services: asks each whether it is ready, and takes turns among those that are."""

import asyncio
from collections.abc import Sequence

import httpx

EVERY = 0.25  # seconds between questions
PATIENCE = 2.0  # seconds for an answer


class Balancer:
    """Chooses the service for each try. Where none is ready, all of them have their turn."""

    def __init__(self, client: httpx.AsyncClient, urls: Sequence[str]) -> None:
        self._client = client
        self._urls = tuple(urls)
        self._ready = dict.fromkeys(urls, True)
        self._turn = 0

    def choose(self) -> str:
        """The service whose turn it is."""
        choice = [url for url in self._urls if self._ready[url]] or self._urls
        self._turn += 1
        return choice[self._turn % len(choice)]

    async def watch(self) -> None:
        """Keep asking, until cancelled."""
        async with asyncio.TaskGroup() as group:
            for url in self._urls:
                group.create_task(self._watch(url))

    async def _watch(self, url: str) -> None:
        while True:
            self._ready[url] = await self._is_ready(url)
            await asyncio.sleep(EVERY)

    async def _is_ready(self, url: str) -> bool:
        try:
            return (await self._client.get(f"{url}/health/ready", timeout=PATIENCE)).is_success
        except httpx.TransportError:
            return False
