"""Lines of the log, written together: a system call for each costs as much as to make it."""

import asyncio
import atexit
from typing import Any, BinaryIO


class Lines:
    """A logger as structlog wants one. What is logged in one turn of the event loop is written at its end; outside of
    a loop nothing waits.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines = list[bytes]()
        atexit.register(self._write)

    def logger(self, *_arguments: Any) -> "Lines":
        """Itself: the factory of structlog's configuration."""
        return self

    def msg(self, line: bytes) -> None:
        """Log a line, without its end."""
        self._lines.append(line)
        if len(self._lines) > 1:
            return  # it will be written with the first
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:
            self._write()

    debug = info = warning = error = critical = exception = msg

    def _write(self) -> None:
        lines, self._lines = self._lines, []
        if lines:
            self._file.write(b"\n".join(lines) + b"\n")
            self._file.flush()
