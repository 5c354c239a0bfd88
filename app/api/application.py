"""The FastAPI application, put together."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api import health, openapi, problems, receiving
from app.api.request_id import RequestId
from app.api.shortcut import Shortcut
from app.domain.feed import Feed

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]


def create_application(feeds: tuple[Feed, ...], *, body_limit: int, lifespan: Lifespan) -> ASGIApp:
    """An application serving `feeds`, none where it only dispatches. The lifespan's state has to hold `services`."""
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    endpoints = receiving.endpoints(feeds, body_limit=body_limit)
    app.include_router(receiving.router(feeds, endpoints))
    app.include_router(health.router)
    problems.install(app)
    openapi.install(app, feeds)
    # Around all of FastAPI, whose answer to our own faults passes by its middleware.
    return Shortcut(RequestId(app), endpoints)
