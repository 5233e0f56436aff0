"""FileStore: a lab in a SQLite file, which processes share.

Nothing of the lab is cached in memory: each read goes to the file, so all processes see the same state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import msgspec

from hvlib.model.errors import ConfigError, HvlibError, ProtocolError
from hvlib_sim.lab.file_agenda import FileAgenda
from hvlib_sim.lab.file_sessions import FileSessions
from hvlib_sim.lab.objects import KINDS, Object
from hvlib_sim.lab.settings import Settings
from hvlib_sim.lab.sqlite_file import LabFile, translate_errors
from hvlib_sim.lab.store import LOG_LENGTH, Event, Logged, Store

__all__ = ["FileStore", "encode"]

O = TypeVar("O", bound=Object)  # noqa: E741 -- an Object

encode = msgspec.msgpack.Encoder().encode
DECODERS = {kind: msgspec.msgpack.Decoder(kind) for kind in KINDS.values()}
BY_PREFIX = {kind.prefix: kind for kind in KINDS.values()}


class FileStore(Store):
    """The lab in the file at ``path``. Raises `ConfigError` if the file does not exist or can't be read.

    The log holds the last ``log_length`` changes.
    """

    patience: ClassVar[float] = 0.05
    transactional: ClassVar[bool] = True

    def __init__(self, path: Path, *, log_length: int = LOG_LENGTH) -> None:
        self._file = file = LabFile(path)
        self._log_length = log_length
        try:
            with translate_errors():
                self.settings = msgspec.json.decode(self._fact("settings"), type=Settings)
                self.uuid = self._fact("uuid")
                self.generation = self._fact("generation")
        except HvlibError as error:
            file.close()
            raise ConfigError(f"{path} is damaged: {error}", hint="hv sim create makes one, at another path") from error
        self.agenda = FileAgenda(file)
        self.sessions = FileSessions(file)

    def _fact(self, name: str) -> str:
        value: str | None = self._file.value("SELECT value FROM lab WHERE name = ?", name)
        if value is None:
            raise ProtocolError(f"the file has no {name}")
        return value

    @property
    def is_there(self) -> bool:
        """Whether the file at the path is still the one that was opened."""
        return self._file.is_there

    @property
    def version(self) -> int:
        """`Store.version`."""
        return self._file.version

    def writing(self) -> AbstractContextManager[None]:
        """`Store.writing`."""
        return self._file.transaction("IMMEDIATE")

    def reading(self) -> AbstractContextManager[None]:
        """`Store.reading`."""
        return self._file.transaction("DEFERRED")

    @property
    def revision(self) -> int:
        """`Store.revision`."""
        return self._file.value("SELECT seq FROM sqlite_sequence WHERE name = 'log'") or 0

    def new_id(self, kind: type[Object]) -> str:
        """`Store.new_id`."""
        self._file.change("UPDATE kinds SET number = number + 1 WHERE kind = ?", kind.prefix)
        return kind.numbered(self._file.value("SELECT number FROM kinds WHERE kind = ?", kind.prefix))

    def put(self, new: Object) -> None:
        """`Store.put`."""
        table, file = new.prefix, self._file
        with translate_errors():
            data = encode(new)
        if file.change(f"UPDATE {table} SET name = ?, data = ? WHERE id = ?", new.name, data, new.id):
            self._record("changed", table, new.id)
            return
        file.change(f"INSERT INTO {table} (id, uuid, name, data) VALUES (?, ?, ?, ?)", new.id, new.uuid, new.name, data)
        file.change("UPDATE kinds SET objects = objects + 1 WHERE kind = ?", table)
        self._record("created", table, new.id)

    def remove(self, old: Object) -> None:
        """`Store.remove`."""
        self._file.change(f"DELETE FROM {old.prefix} WHERE id = ?", old.id)
        self._file.change("UPDATE kinds SET objects = objects - 1 WHERE kind = ?", old.prefix)
        self._record("removed", old.prefix, old.id)

    def find(self, kind: type[O], id: str | None) -> O | None:
        """`Store.find`."""
        objects = self._read(kind, "id = ?", id)
        return objects[0] if objects else None

    def count(self, kind: type[Object]) -> int:
        """`Store.count`."""
        count: int = self._file.value("SELECT objects FROM kinds WHERE kind = ?", kind.prefix)
        return count

    def page(self, kind: type[O], after: str, size: int) -> tuple[list[O], bool]:
        """`Store.page`."""
        objects = self._read(kind, "id > ? ORDER BY id LIMIT ?", after, size + 1)
        return objects[:size], len(objects) > size

    def by_uuid(self, kind: type[O], uuid: str) -> list[O]:
        """`Store.by_uuid`."""
        return self._read(kind, "uuid = ?", uuid)

    def by_name(self, kind: type[O], name: str) -> list[O]:
        """`Store.by_name`."""
        return self._read(kind, "name = ? ORDER BY id", name)

    def forget_changes(self) -> None:
        """`Store.forget_changes`."""
        self._file.change("INSERT INTO log DEFAULT VALUES")
        self._file.change("DELETE FROM log")

    def oldest(self) -> int:
        """`Store.oldest`."""
        first: int | None = self._file.value("SELECT min(revision) FROM log")
        return self.revision if first is None else first - 1

    def log(self, since: int) -> Iterable[Logged]:
        """`Store.log`."""
        rows = self._file.rows("SELECT event, kind, id FROM log WHERE revision > ? ORDER BY revision DESC", since)
        return ((event, BY_PREFIX[kind], id) for event, kind, id in rows)

    def close(self) -> None:
        """`Store.close`."""
        self._file.close()

    def _read(self, kind: type[O], condition: str, *values: object) -> list[O]:
        decode: Callable[[bytes], Any] = DECODERS[kind].decode
        rows = self._file.rows(f"SELECT data FROM {kind.prefix} WHERE {condition}", *values)
        with translate_errors():
            return [decode(data) for (data,) in rows]

    def _record(self, event: Event, kind: str, id: str) -> None:
        self._file.change("INSERT INTO log (event, kind, id) VALUES (?, ?, ?)", event, kind, id)
        self._file.change("DELETE FROM log WHERE revision <= (SELECT max(revision) FROM log) - ?", self._log_length)
