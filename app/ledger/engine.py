"""The connection pool, and the one error that other rooms see when the database does not answer."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine


class LedgerUnavailableError(Exception):
    """The database could not be reached or would not answer; whether the statement took effect is not known."""


@contextmanager
def unavailable() -> Iterator[None]:
    """Turn whatever the driver raises into LedgerUnavailableError."""
    try:
        yield
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        raise LedgerUnavailableError(f"{type(error).__name__}: {_first_line(error)}") from error


def async_url(text: str) -> URL:
    """A PostgreSQL URL for asyncpg. Raises ValueError for anything else."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise ValueError("not a database URL: postgresql://user:password@host/database is expected") from None
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise ValueError("only PostgreSQL will do: postgresql://user:password@host/database is expected")
    return url.set(drivername="postgresql+asyncpg")


def create_engine(url: str, *, pool_size: int, timeout: timedelta, prepared_statements: bool = True) -> AsyncEngine:
    """An engine that connects when first used. Every statement is a transaction of its own; `timeout` bounds
    connecting, waiting for a free connection and each statement. Without `prepared_statements` nothing stays on
    the server between two of them, for a proxy that hands out a connection per transaction.
    """
    seconds = timeout.total_seconds()
    caching = {} if prepared_statements else {"statement_cache_size": 0, "prepared_statement_cache_size": 0}
    return create_async_engine(
        async_url(url),
        isolation_level="AUTOCOMMIT",
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=seconds,
        connect_args={"timeout": seconds, "command_timeout": seconds, **caching},
        hide_parameters=True,  # parameters are bodies and tokens; they stay out of every log
    )


def _first_line(error: BaseException) -> str:
    return str(getattr(error, "orig", None) or error).partition("\n")[0]
