"""The logs: one JSON object a line, or coloured text on a terminal. Ids always; bodies, secrets and tokens never."""

import json
import logging
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict

from app.observability.lines import Lines

CONNECTIONS = "uvicorn.error.connections"  # what uvicorn says of them, of which whoever connects can have any amount

Format = Literal["auto", "json", "console"]

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)  # in every line logged for a request


def configure_logs(*, level: str, form: Format, worker: int | None = None) -> None:
    """Send this process's logs, and those of the libraries it uses, to standard error. Where it is one of several
    workers, each line says which.
    """
    console = form == "console" or (form == "auto" and sys.stderr.isatty())
    ours, libraries = _console() if console else _json()
    named = [] if worker is None else [_Worker(worker)]
    structlog.configure(
        processors=[*named, *ours],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr) if console else Lines(sys.stderr.buffer).logger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *libraries],
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *named, _stamp, _date],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("uvicorn").setLevel(level.upper())
    logging.getLogger(CONNECTIONS).setLevel(logging.ERROR)


def _console() -> tuple[list[Any], list[Any]]:
    """The processors of our own lines, and the last of those of libraries."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # no locals
    return [_stamp, _date, renderer], [renderer]


def _json() -> tuple[list[Any], list[Any]]:
    exceptions = structlog.processors.format_exc_info
    return [_stamp, exceptions, _line], [exceptions, structlog.processors.JSONRenderer()]


class _Worker:
    def __init__(self, number: int) -> None:
        self._number = number

    def __call__(self, _logger: Any, _level: str, fields: EventDict) -> EventDict:
        fields["worker"] = self._number
        return fields


def _stamp(_logger: Any, level: str, fields: EventDict) -> EventDict:
    """What every line has."""
    if (current := request_id.get()) is not None:
        fields["request_id"] = current
    fields["level"] = level
    fields["timestamp"] = datetime.now(UTC)
    return fields


def _date(_logger: Any, _level: str, fields: EventDict) -> EventDict:
    fields["timestamp"] = fields["timestamp"].isoformat().replace("+00:00", "Z")
    return fields


def _line(_logger: Any, _level: str, fields: EventDict) -> bytes:
    try:
        return orjson.dumps(fields, default=repr, option=orjson.OPT_UTC_Z)
    except TypeError:  # it does not write lone surrogates, nor numbers beyond 64 bits
        return json.dumps(_date(_logger, _level, fields), default=repr).encode()
