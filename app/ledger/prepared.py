"""Statements that are run for every event: compiled once, and run by the driver alone where that may be."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql import asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

from app.ledger.engine import DRIVER_ALONE, is_about_values


class Prepared:
    """A statement whose rows are read by position. SQLAlchemy's own execution of it is left out."""

    def __init__(self, statement: Executable) -> None:
        self._statement = statement
        compiled: Any = statement.compile(dialect=asyncpg.dialect())  # type: ignore[attr-defined, no-untyped-call]
        self._sql = str(compiled)
        self._names: list[str] = compiled.positiontup
        self._constants: dict[str, Any] = {
            name: bind.value for name, bind in compiled.binds.items() if not bind.required
        }

    async def fetch(self, connection: AsyncConnection, parameters: Mapping[str, Any]) -> Sequence[Any]:
        """Execute it. A connection that fails, but for what the server says of the values, is not used again."""
        sync = connection.sync_connection
        if sync is None or not sync.get_execution_options().get(DRIVER_ALONE):
            return (await connection.execute(self._statement, parameters)).all()
        given = {**self._constants, **parameters}
        driver: Any = (await connection.get_raw_connection()).driver_connection
        try:
            rows: Sequence[Any] = await driver.fetch(self._sql, *[given[name] for name in self._names])
        except BaseException as error:
            if driver.is_closed() or not is_about_values(error):
                await connection.invalidate()
            raise
        return rows
