"""The request id: the sender's, where it gives a usable one, or ours; in every log line and in the answer."""

import os
import re
from itertools import count

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.observability.logs import request_id as logged

HEADER = b"x-request-id"

_USABLE = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_OURS = os.urandom(8).hex().encode()  # with a number: none is given twice, by any process
_NUMBERS = count()


class RequestId:
    """ASGI middleware."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = identify(scope)

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, request_id)]
            await send(message)

        await self._app(scope, receive, send_with_id)


def identify(scope: Scope) -> bytes:
    """The request's id, which every line has that is logged from here on, in this task."""
    request_id = _given(scope) or b"%b%016x" % (_OURS, next(_NUMBERS))
    logged.set(request_id.decode())
    return request_id


def _given(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == HEADER and _USABLE.fullmatch(value):
            given: bytes = value
            return given
    return None
