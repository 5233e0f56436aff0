"""LabFile: the SQLite file of a lab, open in this process. It raises SQLite's errors as errors of hvlib."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import msgspec

from hvlib.model.errors import (
    Closed,
    ConfigError,
    ConnectionFailed,
    ConnectionTimeout,
    HvlibError,
    InvalidQuery,
    PermissionDenied,
    ProtocolError,
)
from hvlib_sim.lab.objects import KINDS

__all__ = ["APPLICATION", "FORMAT", "INDEXES", "TABLES", "LabFile", "beside", "translate_errors"]

APPLICATION = 0x68766C62
"""SQLite's application_id of a lab ("hvlb"). It is written last: a file without it is no lab, or an incomplete one."""

FORMAT = 2
"""The version of the tables and of the objects in them, as SQLite's user_version."""

BUSY_TIMEOUT = 10.0
"""Seconds to wait while another process writes."""

PREFIXES = [kind.prefix for kind in KINDS.values()]

TABLES = [
    "CREATE TABLE lab (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID",
    "CREATE TABLE kinds (kind TEXT PRIMARY KEY, number INTEGER, objects INTEGER) WITHOUT ROWID",
    *[f"CREATE TABLE {prefix} (id TEXT PRIMARY KEY, uuid TEXT, name TEXT, data BLOB)" for prefix in PREFIXES],
    "CREATE TABLE log (revision INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT, kind TEXT, id TEXT)",
    "CREATE TABLE due (number INTEGER PRIMARY KEY AUTOINCREMENT, at REAL, event TEXT, id TEXT, detail TEXT)",
    "CREATE TABLE job (task TEXT PRIMARY KEY, operation TEXT, kind TEXT, target TEXT, action TEXT, data BLOB)",
    "CREATE TABLE session (token TEXT PRIMARY KEY, used REAL) WITHOUT ROWID",
]

INDEXES = [
    *[f"CREATE UNIQUE INDEX {prefix}_by_uuid ON {prefix} (uuid)" for prefix in PREFIXES],
    *[f"CREATE INDEX {prefix}_by_name ON {prefix} (name)" for prefix in PREFIXES],
    "CREATE INDEX due_by_time ON due (at, number)",
    "CREATE INDEX job_by_target ON job (target, task)",
]

ERRORS: dict[int, type[HvlibError]] = {
    sqlite3.SQLITE_BUSY: ConnectionTimeout,
    sqlite3.SQLITE_LOCKED: ConnectionTimeout,
    sqlite3.SQLITE_READONLY: PermissionDenied,
    sqlite3.SQLITE_PERM: PermissionDenied,
    sqlite3.SQLITE_CORRUPT: ProtocolError,
    sqlite3.SQLITE_NOTADB: ProtocolError,
}
"""The errors for SQLite's result codes; others are `ConnectionFailed`. BUSY: another process writes for too long."""

Row = tuple[Any, ...]


def beside(path: Path) -> tuple[Path, Path]:
    """SQLite's files for changes that are not in the lab's file yet. They must not be used with any other file."""
    return path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")


class LabFile:
    """A connection to a lab's file. Raises `ConfigError` if there is no file, or none that can be read as a lab.

    It has no lock: its lab does the locking.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        try:
            if not path.is_file():
                raise ConfigError(f"there is no lab at {path}", hint=f"hv sim create {path}")
            self._file = _identity(path)
            self._connection = _connect(path)
            self.rows("PRAGMA synchronous = NORMAL")  # A commit survives a crash of the process, if not of the machine.
            self._check(path)
        except (HvlibError, OSError) as error:
            self.close()
            if isinstance(error, ConfigError):
                raise
            raise ConfigError(f"{path} can't be used: {error}", hint="hv sim create makes a lab") from error

    @property
    def is_there(self) -> bool:
        """Whether the file at the path is still the one that was opened: it may have been removed or replaced."""
        return _identity(self._path) == self._file

    def rows(self, sql: str, *values: object) -> list[Row]:
        """All rows that a statement returns."""
        with translate_errors():
            return self._open.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Row | None:
        """The first row that a statement returns; None if it returns none."""
        rows = self.rows(sql, *values)
        return rows[0] if rows else None

    def value(self, sql: str, *values: object) -> Any:
        """The first value that a statement returns; None if it returns none."""
        row = self.row(sql, *values)
        return row[0] if row else None

    def change(self, sql: str, *values: object) -> int:
        """Execute a statement. Returns how many rows it changes."""
        with translate_errors():
            return self._open.execute(sql, values).rowcount

    @contextmanager
    def transaction(self, mode: Literal["IMMEDIATE", "DEFERRED"]) -> Iterator[None]:
        """A block whose statements take effect together, or not at all if it raises.

        IMMEDIATE: no other connection writes meanwhile. DEFERRED: the statements see the file as it is at one moment.
        """
        if not self.is_there:
            raise ConfigError(f"the lab at {self._path} was removed or replaced", hint="connect again")
        try:
            self.rows(f"BEGIN {mode}")
            yield
            self.rows("COMMIT")
        except BaseException:
            with suppress(HvlibError):  # SQLite may have rolled back already.
                self.rows("ROLLBACK")
            raise

    @property
    def version(self) -> int:
        """A number that changes whenever another connection commits a change."""
        version: int = self.value("PRAGMA data_version")
        return version

    def close(self) -> None:
        """Close the connection. Idempotent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(sqlite3.Error):
                connection.close()

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise Closed("the lab's file was closed")
        return self._connection

    def _check(self, path: Path) -> None:
        if self.value("PRAGMA application_id") != APPLICATION:
            raise ConfigError(f"{path} is not a lab", hint="hv sim create makes a new lab, at another path")
        version = self.value("PRAGMA user_version")
        if version != FORMAT:
            message = f"{path} was made by another version of hvlib: its format is {version}, not {FORMAT}"
            raise ConfigError(message, hint="hv sim create makes a new lab, at another path")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode=rw"
    with translate_errors():
        return sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise the errors of SQLite, and of encoding and decoding its data, as errors of hvlib."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        raise ERRORS.get(code, ConnectionFailed)(f"the lab's file: {error}") from error
    except msgspec.MsgspecError as error:
        raise ProtocolError(f"the lab's file: {error}") from error
    except (UnicodeEncodeError, OverflowError) as error:
        raise InvalidQuery(f"a lab's file can't hold this value: {error}") from error
