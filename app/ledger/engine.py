"""The connection pool, and the one error that other rooms see when the database does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from asyncpg import InterfaceError, InternalClientError, PostgresError
from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

_OF_THE_DRIVER = (PostgresError, InterfaceError, InternalClientError)  # all that it raises of its own
DRIVER_ALONE = "driver_alone"  # of an engine: whether a statement may be run past SQLAlchemy's transactions
PLANNING = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


class LedgerUnavailableError(Exception):
    """The database could not be reached or would not answer; whether the statement took effect is not known."""


class UnfitError(LedgerUnavailableError):
    """The database answers, and will not have these values: others may do."""


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn whatever the driver raises into LedgerUnavailableError."""
    try:
        yield
    except (SQLAlchemyError, *_OF_THE_DRIVER, OSError, TimeoutError) as error:
        kind = UnfitError if is_about_values(error) else LedgerUnavailableError
        raise kind(f"{type(error).__name__}: {_first_line(error)}") from error


def async_url(text: str) -> URL:
    """A PostgreSQL URL for asyncpg. Raises ValueError for anything else, in words that show nothing of it."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError("not a database URL: postgresql://user:password@host/database is expected") from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError("only PostgreSQL will do: postgresql://user:password@host/database is expected")
    query = dict(url.query)
    if "sslmode" in query:  # libpq's name for what asyncpg calls ssl
        query["ssl"] = query.pop("sslmode")
    if unknown := query.keys() - {"host", "port", "ssl"}:
        raise ValueError(f"its parameter {min(unknown)} is not supported; host, port and sslmode are")
    return url.set(drivername="postgresql+asyncpg", query=query)


def shown_url(text: str) -> str:
    """The URL without its password."""
    return async_url(text).set(drivername="postgresql").render_as_string(hide_password=True)


def create_engine(
    url: str, *, pool_size: int, timeout: timedelta, bounded: bool = True, prepared_statements: bool = True
) -> AsyncEngine:
    """An engine that connects when first used. A statement alone is its own transaction. `timeout` bounds connecting,
    waiting for a free connection and, if `bounded`, each statement; those are planned once, to be found by index.
    Without `prepared_statements` each is prepared
    anew inside an explicit transaction, for a proxy that gives every transaction another connection.
    """
    seconds = timeout.total_seconds()
    prepared: dict[str, Any] = {}
    if not prepared_statements:
        prepared = {
            "statement_cache_size": 0,
            "prepared_statement_cache_size": 0,
            "prepared_statement_name_func": lambda: f"event_processor_{uuid4().hex}",
        }
    engine = create_async_engine(
        async_url(url),
        isolation_level="AUTOCOMMIT" if prepared_statements else "READ COMMITTED",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=seconds,
        connect_args={"timeout": seconds, "command_timeout": seconds if bounded else None, **prepared},
        hide_parameters=True,  # parameters are bodies and tokens; they stay out of every log
        execution_options={DRIVER_ALONE: prepared_statements},
    )
    if bounded and prepared_statements:

        @event.listens_for(engine.sync_engine, "connect")
        def plan_once(connection: Any, _record: Any) -> None:
            """By the indexes, however few rows the tables are thought to have: a plan is kept while they grow."""
            cursor = connection.cursor()
            for name, value in PLANNING.items():
                cursor.execute(f"set {name} = {value}")
            cursor.close()

    if bounded and not prepared_statements:

        @event.listens_for(engine.sync_engine, "begin")
        def bound(connection: Connection) -> None:
            """Whoever freezes within a transaction must not hold its locks for ever."""
            connection.exec_driver_sql(f"set local idle_in_transaction_session_timeout = {int(seconds * 1000)}")

    return engine


def is_about_values(error: BaseException) -> bool:
    """By the class of its SQLSTATE: data, a constraint, a trigger's exception. Or the driver could not encode them."""
    if isinstance(error, DBAPIError):
        error = getattr(error.orig, "__cause__", None) or error  # the driver's own
    state = getattr(error, "sqlstate", None) or ""
    return state[:2] in {"22", "23", "P0"} or isinstance(error, ValueError)


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0] or "no answer in time"
