"""The FastAPI application, put together."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp

from app.api import asking, batches, cloud_events, health, openapi, pages, receiving, refusing
from app.api.limits import Clock, Door
from app.api.reading import Reader
from app.api.request_id import RequestId
from app.api.shortcut import Shortcut
from app.domain.feed import Feed

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[Mapping[str, Any]]]


def create_application(
    feeds: tuple[Feed, ...], *, body_limit: int, home: str, clock: Clock, lifespan: Lifespan
) -> ASGIApp:
    """An application serving `feeds`, none where it only dispatches; `home` is where, as its callers see it, or empty.
    The lifespan's state has to hold `services`.
    """
    app = FastAPI(docs_url=None, redoc_url=None, redirect_slashes=False, lifespan=lifespan)
    readers = {Reader(feed): Door(feed, clock) for feed in feeds}
    endpoints = receiving.endpoints(readers, body_limit=body_limit) | batches.endpoints(readers, body_limit=body_limit)
    endpoints |= cloud_events.endpoints(readers, body_limit=body_limit)
    app.include_router(receiving.router(feeds, endpoints, home=home))
    app.include_router(batches.router(feeds, endpoints, home=home))
    app.include_router(asking.router(feeds, home=home, clock=clock))
    app.include_router(health.router)
    app.include_router(pages.router())
    refusing.install(app)
    openapi.install(app, feeds, home=home)
    # Around all of FastAPI, whose answer to our own faults passes by its middleware.
    return Shortcut(RequestId(app), endpoints)
