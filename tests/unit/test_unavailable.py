"""Whatever the driver raises is one error to other rooms; what the database says of values is told apart."""

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError

from app.ledger.engine import LedgerUnavailableError, UnfitError, unavailable


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.InterfaceError("cannot perform operation: connection is closed"),
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        asyncpg.DeadlockDetectedError("deadlock detected"),
        ConnectionResetError("by peer"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_failure_is_the_ledgers(error: Exception) -> None:
    with pytest.raises(LedgerUnavailableError) as raised, unavailable():
        raise error

    assert type(raised.value) is LedgerUnavailableError


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.UniqueViolationError("duplicate key"),
        asyncpg.NumericValueOutOfRangeError("out of range"),
        asyncpg.RaiseError("by a trigger"),
        asyncpg.DataError("invalid input for query argument $1"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_is_about_values_is_told_apart_whoever_brings_it(error: Exception) -> None:
    with pytest.raises(UnfitError), unavailable():
        raise error
    brought = Exception()
    brought.__cause__ = error
    with pytest.raises(UnfitError), unavailable():
        raise DBAPIError("insert", {}, brought)
