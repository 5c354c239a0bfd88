"""The service behind a real socket, in this process: quick to start, and served as it is in production."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from app.api.state import Drain
from app.cli.server import configured
from app.main import create_app
from app.settings import Settings
from tests import examples
from tests.acceptance.wire import Address


@asynccontextmanager
async def served(settings: Settings) -> AsyncIterator[Address]:
    """Serve with these settings until the context ends."""
    drain = Drain()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        server = uvicorn.Server(configured(create_app(settings, drain=drain), settings, drain))
        serving = asyncio.create_task(server.serve(sockets=[listener]))

        async def started() -> bool:
            return server.started or serving.done()

        await examples.eventually(started)
        try:
            yield Address(port=listener.getsockname()[1])
        finally:
            server.should_exit = True
            await serving
