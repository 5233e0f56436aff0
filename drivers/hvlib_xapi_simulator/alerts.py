"""The class message: a pool's messages to administrators. They are not in the database (ocaml/xapi/xapi_message.ml)."""

from __future__ import annotations

from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Database, Row, new_ref
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.records import blank
from hvlib_xapi_simulator.values import now

__all__ = ["Alerts"]

MAX_MESSAGES = 10_000
FULL_LOG, KEPT_LOG = 1024, 512


class Alerts:
    """The messages of a pool."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._number = 0
        self._rows: dict[str, Row] = {}
        self._deleted: list[tuple[int, str]] = []

    def add(self, name: str, priority: int, cls: str, obj_uuid: str, body: str) -> str:
        """Add a message; return its reference."""
        fields = blank(
            CLASSES["message"],
            name=name,
            priority=priority,
            cls=cls,
            obj_uuid=obj_uuid,
            body=body,
            timestamp=now(),
        )
        ref = new_ref()
        with self._database.changed:
            self._number += 1
            self._rows[ref] = Row(fields, self._number, self._number)
            if len(self._rows) > MAX_MESSAGES:
                self.remove(next(iter(self._rows)))
            self._database.changed.notify_all()
        return ref

    def remove(self, ref: str) -> None:
        """Delete a message. Raises HANDLE_INVALID."""
        with self._database.changed:
            self.find(ref)
            self._number += 1
            del self._rows[ref]
            self._deleted.append((self._number, ref))
            if len(self._deleted) > FULL_LOG:
                self._deleted = self._deleted[-KEPT_LOG:]
            self._database.changed.notify_all()

    def find(self, ref: str) -> Row:
        """Return a message. Raises HANDLE_INVALID."""
        if ref not in self._rows:
            raise Failure("HANDLE_INVALID", "message", ref)
        return self._rows[ref]

    def all(self) -> dict[str, Row]:
        """Return all messages."""
        with self._database.lock:
            return dict(self._rows)

    def since(self, number: int) -> tuple[int, list[tuple[str, Row | None]]]:
        """Return the last number; and the deletions (None), then the new rows, after a number, oldest first."""
        if number >= self._number:
            return number, []
        gone = [(when, ref, None) for when, ref in self._deleted if when > number]
        came = [(row.created, ref, row) for ref, row in self._rows.items() if row.created > number]
        last = max([number, *(when for when, *_ in (*gone, *came))])
        return last, [(ref, row) for _, ref, row in (*gone, *came)]

    def forget_deletions(self) -> None:
        """Empty the log of deletions."""
        self._deleted.clear()
