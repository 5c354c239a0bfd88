"""Lines of the log, written together: a system call for each is a good part of its cost."""

import asyncio
import atexit
from collections import deque
from typing import Any, BinaryIO


class Lines:
    """A logger as structlog wants one. What is logged in one turn of the event loop is written at its end; outside of
    a loop nothing waits.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines = deque[bytes]()
        self._loop: asyncio.AbstractEventLoop | None = None  # the one that will write
        atexit.register(self._write)

    def logger(self, *_arguments: Any) -> "Lines":
        """Itself: the factory of structlog's configuration."""
        return self

    def msg(self, line: bytes) -> None:
        """Log a line, without its end."""
        self._lines.append(line)
        if self._loop is not None and not self._loop.is_closed():
            return
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write()
        else:
            self._loop.call_soon(self._write)

    debug = info = warning = error = critical = exception = msg

    def _write(self) -> None:
        self._loop = None
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._file.write(b"\n".join(lines) + b"\n")
            self._file.flush()
