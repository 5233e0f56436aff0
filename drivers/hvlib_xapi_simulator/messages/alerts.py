"""The handlers of the class message: message.create, message.get_since and the like."""

from __future__ import annotations

from typing import Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Row
from hvlib_xapi_simulator.expression import parse
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.values import DateTime

__all__: list[str] = []


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
    """Return the references of all messages."""
    return list(call.pool.alerts.all())


@handles("message.get_all_records")
def get_all_records(call: Call) -> dict[str, Row]:
    """Return all messages, by reference."""
    return call.pool.alerts.all()


@handles("message.get_all_records_where")
def get_all_records_where(call: Call, text: str) -> dict[str, Row]:
    """Return the messages that fit an expression."""
    condition = parse(CLASSES["message"], text)
    return {ref: row for ref, row in call.pool.alerts.all().items() if condition(ref, row.fields)}


@handles("message.get_record")
def get_record(call: Call, ref: str) -> Row:
    """Return a message."""
    return call.pool.alerts.find(ref)


@handles("message.get_by_uuid")
def get_by_uuid(call: Call, uuid: str) -> str:
    """Return the reference of the message that has a uuid. Raises UUID_INVALID."""
    for ref, row in call.pool.alerts.all().items():
        if row.fields["uuid"] == uuid:
            return ref
    raise Failure("UUID_INVALID", "message", uuid)


@handles("message.get_since")
def get_since(call: Call, since: DateTime) -> dict[str, Row]:
    """Return the messages since a moment."""
    return {ref: row for ref, row in call.pool.alerts.all().items() if row.fields["timestamp"] >= since}


@handles("message.get")
def get(call: Call, cls: str, obj_uuid: str, since: DateTime) -> dict[str, Any]:
    """Return the messages about an object since a moment."""
    found = get_since(call, since)
    return {r: row for r, row in found.items() if (row.fields["cls"], row.fields["obj_uuid"]) == (cls, obj_uuid)}
