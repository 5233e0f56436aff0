"""The database: objects with generations, relations that are kept up to date at both ends, and logs of deletions.

The generations decide what an event client can learn (ocaml/database/db_cache_types.ml): each write has a generation;
an object has the generations of its creation and of its last change; a table logs the deletions, but only the last few
hundred, and drops older ones without notice.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.relations import RELATIONS
from hvlib_xapi_simulator.values import NULL

__all__ = ["Backup", "Database", "Row", "Table", "new_ref", "new_uuid"]

Deletion = tuple[int, int, str]  # the generations of creation and deletion, the reference

FULL_LOG, KEPT_LOG = 512, 256
FIRST_GENERATION = 1000


def new_ref() -> str:
    """Return a reference that no object has."""
    return f"OpaqueRef:{uuid.uuid4()}"


def new_uuid() -> str:
    """Return a uuid that no object has."""
    return str(uuid.uuid4())


class Row:
    """One object at one moment. It never changes: a write replaces it with a new row.

    ``xml`` and ``json`` keep its encoded forms, so that each is made only once.
    """

    __slots__ = ("created", "fields", "json", "modified", "xml")

    def __init__(self, fields: dict[str, Any], created: int, modified: int) -> None:
        self.fields = fields
        self.created = created
        self.modified = modified
        self.xml: str | None = None
        self.json: str | None = None


class Table:
    """The objects of a class. The ones changed last are at the end."""

    def __init__(self) -> None:
        self.rows: dict[str, Row] = {}
        self.deletions: list[Deletion] = [(0, 0, "")]

    def recent(self, since: int) -> Iterator[tuple[str, Row]]:
        """Yield the objects that were created or changed after a generation."""
        for ref, row in reversed(self.rows.items()):
            if row.modified <= since:
                return
            yield ref, row

    def deleted(self, since: int) -> Iterator[Deletion]:
        """Yield the deletions, after a generation, of objects that existed then, as far as the log goes back."""
        for deletion in reversed(self.deletions):
            if deletion[1] <= since:
                return
            if deletion[0] <= since:
                yield deletion

    def log(self, deletion: Deletion) -> None:
        """Add a deletion, and drop older ones if there are too many."""
        if len(self.deletions) + 1 >= FULL_LOG:
            self.deletions = self.deletions[-KEPT_LOG:]
        self.deletions.append(deletion)


class Backup(NamedTuple):
    """The contents of a database at one moment."""

    generation: int
    tables: dict[str, tuple[dict[str, Row], list[Deletion]]]
    refs: dict[str, str]
    uuids: dict[str, str]


class Database:
    """All tables. Hold `lock` around reads and writes that belong together; `changed` is notified after every write."""

    def __init__(self, names: Iterator[str] | list[str]) -> None:
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.generation = FIRST_GENERATION
        self.tables = {name: Table() for name in names}
        self.reserved: set[str] = set()
        """The VBDs and VIFs that a start or a migration has reserved; clients do not see this."""
        self._refs: dict[str, str] = {}
        self._uuids: dict[str, str] = {}

    def find(self, table: str, ref: str) -> Row:
        """Return an object. Raises HANDLE_INVALID."""
        row = self.tables[table].rows.get(ref)
        if row is None:
            raise Failure("HANDLE_INVALID", table, ref)
        return row

    def get(self, table: str, ref: str) -> Mapping[str, Any]:
        """Return an object's fields. Raises HANDLE_INVALID."""
        return self.find(table, ref).fields

    def exists(self, ref: str) -> bool:
        """Whether an object with this reference exists."""
        return ref in self._refs

    def table_of(self, ref: str) -> str | None:
        """Return the class of the object that has a reference; None if there is no such object."""
        return self._refs.get(ref)

    def by_uuid(self, table: str, uuid: str) -> str:
        """Return the reference of the object that has a uuid. Raises UUID_INVALID."""
        ref = self._uuids.get(uuid, NULL)
        if self._refs.get(ref) != table:
            raise Failure("UUID_INVALID", table, uuid)
        return ref

    def create(self, table: str, ref: str, fields: dict[str, Any]) -> str:
        """Add an object with all its fields; return its reference."""
        with self.changed:
            self.tables[table].rows[ref] = Row(fields, self.generation, self.generation)
            self._refs[ref] = table
            self._uuids[fields["uuid"]] = ref
            for relation in RELATIONS.get(table, ()):
                self._link(relation.table, fields[relation.field], relation.other, ref)
            self._commit()
        return ref

    def write(self, table: str, ref: str, **fields: Any) -> None:
        """Change fields of an object. Writing a field's present value is no change. Raises HANDLE_INVALID."""
        with self.changed:
            old = self.find(table, ref).fields
            fresh = {name: value for name, value in fields.items() if old[name] != value}
            if not fresh:
                return
            self._replace(table, ref, fresh)
            for relation in RELATIONS.get(table, ()):
                if relation.field in fresh:
                    self._unlink(relation.table, old[relation.field], relation.other, ref)
                    self._link(relation.table, fresh[relation.field], relation.other, ref)
            self._commit()

    def touch(self, table: str, ref: str) -> int:
        """Mark an object as changed though it is not; return the generation of the mark.

        The mark takes two generations, so that the generation before it is a token of its own (db_cache_types.ml).
        """
        with self.changed:
            generation = self.generation
            self.find(table, ref)
            self._replace(table, ref, {})
            self.generation += 1
            self._commit()
        return generation

    def delete(self, table: str, ref: str) -> None:
        """Remove an object, also from the sets of others. Raises HANDLE_INVALID."""
        with self.changed:
            row = self.find(table, ref)
            for relation in RELATIONS.get(table, ()):
                self._unlink(relation.table, row.fields[relation.field], relation.other, ref)
            del self.tables[table].rows[ref]
            del self._refs[ref]
            self._uuids.pop(row.fields["uuid"], None)
            self.tables[table].log((row.created, self.generation, ref))
            self._commit()

    def load(self, table: str, objects: Mapping[str, dict[str, Any]]) -> None:
        """Add many objects whose relations are complete already, as from a file."""
        with self.changed:
            for ref, fields in objects.items():
                self.tables[table].rows[ref] = Row(fields, self.generation, self.generation)
                self._refs[ref] = table
                self._uuids[fields["uuid"]] = ref
            self._commit()

    def back_up(self) -> Backup:
        """Return the present contents. Rows never change, so they need no copy."""
        with self.lock:
            tables = {name: (dict(table.rows), list(table.deletions)) for name, table in self.tables.items()}
            return Backup(self.generation, tables, dict(self._refs), dict(self._uuids))

    def restore(self, backup: Backup) -> None:
        """Restore the contents and the generation of a backup."""
        with self.changed:
            for name, (rows, deletions) in backup.tables.items():
                self.tables[name].rows, self.tables[name].deletions = dict(rows), list(deletions)
            self._refs, self._uuids = dict(backup.refs), dict(backup.uuids)
            self.generation = backup.generation
            self.changed.notify_all()

    def _commit(self) -> None:
        self.generation += 1
        self.changed.notify_all()

    def _replace(self, table: str, ref: str, fresh: dict[str, Any]) -> None:
        rows = self.tables[table].rows
        old = rows.pop(ref)
        rows[ref] = Row({**old.fields, **fresh}, old.created, self.generation)

    def _link(self, table: str, ref: str, field: str, member: str) -> None:
        row = self.tables[table].rows.get(ref)
        if row and member not in row.fields[field]:
            self._replace(table, ref, {field: [member, *row.fields[field]]})

    def _unlink(self, table: str, ref: str, field: str, member: str) -> None:
        row = self.tables[table].rows.get(ref)
        if row and member in row.fields[field]:
            self._replace(table, ref, {field: [item for item in row.fields[field] if item != member]})
