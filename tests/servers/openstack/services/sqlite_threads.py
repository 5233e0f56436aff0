"""SQLite for services of many threads.

A transaction that reads and then writes fails with "database is locked" where another wrote in between, and no time-out
helps: it has to be a writing one from the start. oslo.db knows beforehand which ones will write.
"""

from __future__ import annotations

from typing import Any

from oslo_db.sqlalchemy import enginefacade
from sqlalchemy import event
from sqlalchemy.engine import Engine

__all__ = ["install"]

WRITES = "hvlib_writes"
BUSY_TIMEOUT = 60_000  # milliseconds


def install() -> None:
    """Change oslo.db and SQLAlchemy, before a service makes its engine."""
    factory = enginefacade._TransactionFactory
    create_session, create_connection = factory._create_session, factory._create_connection

    def session(self: Any, mode: Any, bind: Any = None) -> Any:
        made = create_session(self, mode, bind)
        if mode is enginefacade._WRITER and bind is None:
            made.bind = made.bind.execution_options(**{WRITES: True})
        return made

    def connection(self: Any, mode: Any) -> Any:
        made = create_connection(self, mode)
        return made.execution_options(**{WRITES: True}) if mode is enginefacade._WRITER else made

    factory._create_session, factory._create_connection = session, connection
    event.listen(Engine, "before_cursor_execute", _begin, retval=True)
    event.listen(Engine, "connect", _connect)


def _begin(connection: Any, cursor: Any, statement: str, parameters: Any, *_: object) -> tuple[str, Any]:
    if statement == "BEGIN" and connection.get_execution_options().get(WRITES):
        statement = "BEGIN IMMEDIATE"
    return statement, parameters


def _connect(connection: Any, _: object) -> None:
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
    connection.execute("PRAGMA journal_mode=WAL")  # readers don't wait for a writer
    connection.execute("PRAGMA synchronous=OFF")  # the data is a test's
