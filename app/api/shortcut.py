"""The shortcut: a feed's endpoint is called past FastAPI's request machinery, which costs as much as all its work."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.api.request_id import HEADER, identify

Endpoint = Callable[[Scope, Receive], Coroutine[Any, Any, Response]]


class Shortcut:
    """ASGI middleware. The endpoints are routes of the application too, where their documentation, other methods and
    other spellings of their paths are found; they answer the same there.
    """

    def __init__(self, app: ASGIApp, endpoints: Mapping[str, Endpoint]) -> None:
        self._app = app
        self._endpoints = endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        endpoint = self._endpoints.get(scope["path"]) if scope.get("method") == "POST" else None
        if endpoint is None:
            await self._app(scope, receive, send)
            return
        request_id = identify(scope)
        response = await endpoint(scope, receive)
        response.raw_headers.append((HEADER, request_id))
        await response(scope, receive, send)
