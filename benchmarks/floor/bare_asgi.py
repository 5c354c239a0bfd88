"""A bare ASGI application: reads the body and answers."""

from starlette.types import Receive, Scope, Send

ANSWER = b'{"event_id": "1", "status": "accepted", "contributions": 1}'
HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())]


async def read(receive: Receive) -> bytes:
    """The whole body."""
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def answer(send: Send) -> None:
    """202, always the same."""
    await send({"type": "http.response.start", "status": 202, "headers": HEADERS})
    await send({"type": "http.response.body", "body": ANSWER})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Every path is the same one."""
    if scope["type"] == "http":
        await read(receive)
        await answer(send)
