"""Calls over our own connections: of each it is known whether a byte of it was written."""

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Self

from app.domain.outcome import Answered, NotSent, Unanswered
from app.gateway.call import Limits, cause
from app.gateway.connection import Connection
from app.gateway.dialling import Dialler
from app.gateway.pool import Pool
from app.gateway.request import Requests


class DirectCaller:
    """A Caller for the Gateway at `base_url`. Certificates are verified, against `ca_file` where one is given."""

    def __init__(self, base_url: str, limits: Limits, ca_file: Path | None = None) -> None:
        self._requests = Requests(base_url)
        self._timeout = limits.timeout.total_seconds()
        self._patience = min(limits.connect_timeout, limits.timeout).total_seconds()
        dialler = Dialler(base_url, ca_file, response_limit=limits.response_limit)
        self._pool = Pool(dialler.connect, limit=limits.connections + 1)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._pool.aclose()

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answered | NotSent | Unanswered:
        """As a Caller does: nothing is sent where there is no connection in time, or no request to be made of it."""
        try:
            request = self._requests.post(path, body, headers)
        except ValueError as error:
            return NotSent(cause=cause(error))
        left = self._timeout
        connection = self._pool.kept()
        if connection is None:
            loop = asyncio.get_running_loop()
            began = loop.time()
            match await self._connected():
                case NotSent() as why:
                    return why
                case Connection() as connection:
                    left -= loop.time() - began
        try:
            return await connection.exchange(request, left)
        finally:
            self._pool.give_back(connection)

    async def _connected(self) -> Connection | NotSent:
        try:
            async with asyncio.timeout(self._patience):
                return await self._pool.fresh()
        except TimeoutError:
            return NotSent(cause=f"Connecting: no connection within {self._patience:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it is, there is no connection to send over
            return NotSent(cause=f"Connecting: {cause(error)}")
