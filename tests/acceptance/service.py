"""The service as its callers see it: the real application, in this process."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from asgi_lifespan import LifespanManager
from prometheus_client.parser import text_string_to_metric_families
from starlette.types import ASGIApp

from app.main import create_app
from app.settings import Settings
from tests import examples


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A running service and a client of it."""

    app: ASGIApp
    client: httpx.AsyncClient

    async def post(self, feed: str, fields: dict[str, Any], **headers: str) -> httpx.Response:
        """Post an event, signed."""
        return await self.post_body(feed, json.dumps(fields).encode(), **headers)

    async def post_body(self, feed: str, body: bytes, **headers: str) -> httpx.Response:
        """Post a body as it is, signed."""
        changes = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post(f"/events/{feed}", content=body, headers=examples.signed(body) | changes)

    async def metric(self, name: str, **labels: str) -> float:
        """A metric's value at /metrics; 0 where it is not there."""
        text = (await self.client.get("/metrics")).text
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                if sample.name == f"event_processor_{name}" and labels.items() <= sample.labels.items():
                    return sample.value
        return 0.0

    async def ready(self) -> tuple[int, dict[str, Any]]:
        """The status and content of /health/ready."""
        response = await self.client.get("/health/ready")
        return response.status_code, response.json()


@asynccontextmanager
async def running(settings: Settings, **options: Any) -> AsyncIterator[Service]:
    """Run the application with these settings until the context ends."""
    async with LifespanManager(create_app(settings, **options), startup_timeout=120, shutdown_timeout=120) as manager:
        transport = httpx.ASGITransport(app=manager.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            yield Service(app=manager.app, client=client)
