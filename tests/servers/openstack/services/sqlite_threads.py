"""SQLite for services with many threads.

A transaction that reads and then writes fails with "database is locked" if another one wrote in between. No time-out
helps: it must begin as a writing transaction. oslo.db knows at the start whether a transaction will write.
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
    """Change oslo.db and SQLAlchemy. Call it before a service makes its engine."""
    factory = enginefacade._TransactionFactory
    create_session, create_connection = factory._create_session, factory._create_connection

    def session(self: Any, mode: Any, bind: Any = None) -> Any:
        session = create_session(self, mode, bind)
        if mode is enginefacade._WRITER and bind is None:
            session.bind = session.bind.execution_options(**{WRITES: True})
        return session

    def connection(self: Any, mode: Any) -> Any:
        connection = create_connection(self, mode)
        return connection.execution_options(**{WRITES: True}) if mode is enginefacade._WRITER else connection

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
    connection.execute("PRAGMA synchronous=OFF")  # the data is only for tests
