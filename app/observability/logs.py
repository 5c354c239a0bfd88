"""The logs: one JSON object a line, or coloured text on a terminal. Ids always; bodies, secrets and tokens never."""

import asyncio
import atexit
import io
import json
import logging
import sys
from contextvars import ContextVar
from threading import Lock
from typing import Any, BinaryIO, Literal

import orjson
import structlog

Format = Literal["auto", "json", "console"]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)  # in every line logged for a request


def configure_logs(*, level: str, form: Format) -> None:
    """Send this process's logs, and those of the libraries it uses, to standard error."""
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        _add_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if console:
        renderer: list[Any] = [
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
        ]  # no locals
        factory: Any = structlog.WriteLoggerFactory(file=sys.stderr)
    else:
        renderer = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]
        factory = structlog.BytesLoggerFactory(file=Lines(sys.stderr.buffer))
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=factory,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    text = renderer if console else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *text],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn").setLevel(level.upper())


class Lines(io.RawIOBase):
    """Writes what is logged in one turn of the event loop at once, at its end: a write for each line costs more than
    to make it. Outside a loop nothing waits.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._lines = list[bytes]()
        self._lock = Lock()
        atexit.register(self._write)

    def write(self, line: Any, /) -> int:
        with self._lock:
            self._lines.append(line)
        return len(line)

    def flush(self) -> None:
        """Write soon."""
        if len(self._lines) > 1:
            return  # it will be
        try:
            asyncio.get_running_loop().call_soon(self._write)
        except RuntimeError:
            self._write()

    def _write(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        self._file.write(b"".join(lines))
        self._file.flush()


def _add_request_id(_logger: Any, _method: str, fields: structlog.typing.EventDict) -> structlog.typing.EventDict:
    if (current := request_id.get()) is not None:
        fields["request_id"] = current
    return fields


def _json(fields: structlog.typing.EventDict, **options: Any) -> bytes:
    try:
        return orjson.dumps(fields, **options)
    except TypeError:  # it has lone surrogates or numbers beyond 64 bits for unfit
        return json.dumps(fields, **options).encode()
