"""Group commit as small as it goes: what comes while a batch is being written makes the next one."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batch(Generic[T, R]):
    """Calls of `add` together make calls of `write`, one at a time, which gives a result for each item, in order."""

    def __init__(self, write: Callable[[list[T]], Awaitable[list[R]]], *, limit: int = 500) -> None:
        self._write, self._limit = write, limit
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._writer: asyncio.Task[None] | None = None

    async def add(self, item: T) -> R:
        """The item's result, once its batch was written. Raises what `write` does."""
        done: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return await done

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[: self._limit], self._waiting[self._limit :]
            try:
                results = await self._write([item for item, _ in batch])
            except Exception as error:  # noqa: BLE001 - it is for those who wait
                for _, done in batch:
                    if not done.cancelled():
                        done.set_exception(error)
            else:
                for (_, done), result in zip(batch, results, strict=True):
                    if not done.cancelled():
                        done.set_result(result)
        self._writer = None
