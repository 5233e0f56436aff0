"""The class message: what the pool tells its administrators. It is not in the database (ocaml/xapi/xapi_message.ml)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Row, new_ref
from hvlib_xapi_simulator.expression import parse
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.records import blank
from hvlib_xapi_simulator.values import DateTime, now

if TYPE_CHECKING:
    from hvlib_xapi_simulator.pool import Pool

__all__ = ["Alerts"]

MOST = 10_000
FULL_LOG, KEPT_LOG = 1024, 512


class Alerts:
    """The messages of a pool."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
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
        with self._pool.database.changed:
            self._number += 1
            self._rows[ref] = Row(fields, self._number, self._number)
            if len(self._rows) > MOST:
                self.remove(next(iter(self._rows)))
            self._pool.database.changed.notify_all()
        return ref

    def remove(self, ref: str) -> None:
        """Delete a message. Raises HANDLE_INVALID."""
        with self._pool.database.changed:
            self.find(ref)
            self._number += 1
            del self._rows[ref]
            self._deleted.append((self._number, ref))
            if len(self._deleted) > FULL_LOG:
                self._deleted = self._deleted[-KEPT_LOG:]
            self._pool.database.changed.notify_all()

    def find(self, ref: str) -> Row:
        """Return a message. Raises HANDLE_INVALID."""
        if ref not in self._rows:
            raise Failure("HANDLE_INVALID", "message", ref)
        return self._rows[ref]

    def all(self) -> dict[str, Row]:
        """Return all messages."""
        with self._pool.database.lock:
            return dict(self._rows)

    def since(self, number: int) -> tuple[int, list[tuple[str, Row | None]]]:
        """Return what went (without a row), then what came, after a number, oldest first; and the last number."""
        if number >= self._number:
            return number, []
        gone = [(when, ref, None) for when, ref in self._deleted if when > number]
        came = [(row.created, ref, row) for ref, row in self._rows.items() if row.created > number]
        last = max([number, *(when for when, *_ in (*gone, *came))])
        return last, [(ref, row) for _, ref, row in (*gone, *came)]

    def forget_deletions(self) -> None:
        """Lose the log of what went."""
        self._deleted.clear()


@handles("message.create")
def create(call: Call, name: str, priority: int, cls: str, obj_uuid: str, body: str) -> str:
    """Add a message."""
    return call.pool.alerts.add(name, priority, cls, obj_uuid, body)


@handles("message.destroy")
def destroy(call: Call, ref: str) -> None:
    """Delete a message."""
    call.pool.alerts.remove(ref)


@handles("message.destroy_many")
def destroy_many(call: Call, refs: list[str]) -> None:
    """Delete messages."""
    for ref in refs:
        call.pool.alerts.remove(ref)


@handles("message.get_all")
def get_all(call: Call) -> list[str]:
    """Return the references of all."""
    return list(call.pool.alerts.all())


@handles("message.get_all_records")
def get_all_records(call: Call) -> dict[str, Row]:
    """Return all."""
    return call.pool.alerts.all()


@handles("message.get_all_records_where")
def get_all_records_where(call: Call, text: str) -> dict[str, Row]:
    """Return those that an expression is true of."""
    condition = parse(CLASSES["message"], text)
    return {ref: row for ref, row in call.pool.alerts.all().items() if condition(ref, row.fields)}


@handles("message.get_record")
def get_record(call: Call, ref: str) -> Row:
    """Return one."""
    return call.pool.alerts.find(ref)


@handles("message.get_by_uuid")
def get_by_uuid(call: Call, uuid: str) -> str:
    """Return the reference of one. Raises UUID_INVALID."""
    for ref, row in call.pool.alerts.all().items():
        if row.fields["uuid"] == uuid:
            return ref
    raise Failure("UUID_INVALID", "message", uuid)


@handles("message.get_since")
def get_since(call: Call, since: DateTime) -> dict[str, Row]:
    """Return those from a moment on."""
    return {ref: row for ref, row in call.pool.alerts.all().items() if row.fields["timestamp"] >= since}


@handles("message.get")
def get(call: Call, cls: str, obj_uuid: str, since: DateTime) -> dict[str, Any]:
    """Return those about an object from a moment on."""
    found = get_since(call, since)
    return {r: row for r, row in found.items() if (row.fields["cls"], row.fields["obj_uuid"]) == (cls, obj_uuid)}
