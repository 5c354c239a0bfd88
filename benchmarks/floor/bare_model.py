"""A bare ASGI application that reads the body into the pydantic model."""

from starlette.types import Receive, Scope, Send

from benchmarks.floor.bare_asgi import answer, read
from benchmarks.floor.model import Bet


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """The health check sends no body."""
    if scope["type"] == "http":
        body = await read(receive)
        if body:
            Bet.model_validate_json(body)
        await answer(send)
