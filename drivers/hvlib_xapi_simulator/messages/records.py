"""The handlers of messages that only read or write the database: get_record, get_x, set_x, add_to_x and the like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hvlib_xapi_simulator import expression
from hvlib_xapi_simulator.call import Call, Handler
from hvlib_xapi_simulator.database import Row, Table
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.records import construct
from hvlib_xapi_simulator.table import Class, Field, Message

__all__ = ["record_handler"]


NOT_FOR_CLIENTS = {("console", "create"), ("console", "destroy")}
"""Messages that the datamodel has, but not the server (ocaml/xapi/api_server_common.ml)."""


def record_handler(of: Class, message: Message) -> Handler | None:
    """Return a handler that answers a message from the database alone; None if the message needs more."""
    verb = message.name.partition(".")[2]
    if verb in _WHOLE and (of.made or verb not in ("create", "destroy")) and (of.name, verb) not in NOT_FOR_CLIENTS:
        return _WHOLE[verb](of)
    for prefix, make, parameters in _FIELD_VERBS:
        field = of.fields.get(verb.removeprefix(prefix)) if verb.startswith(prefix) else None
        if field and len(message.parameters) == parameters and _of_field(message, prefix, field):
            return make(of, field)
    return None


def _of_field(message: Message, prefix: str, field: Field) -> bool:
    """Whether a message that looks like a field's setter takes a value of the field."""
    return prefix != "set_" or message.parameters[1].type == field.type


def _create(of: Class) -> Handler:
    def create(call: Call, record: Mapping[str, Any]) -> str:
        return construct(call.database, of, record)

    return create


def _destroy(of: Class) -> Handler:
    def destroy(call: Call, ref: str) -> None:
        call.database.delete(of.name, ref)

    return destroy


def _get_record(of: Class) -> Handler:
    def get_record(call: Call, ref: str) -> Row:
        return call.database.find(of.name, ref)

    return get_record


def _get_by_uuid(of: Class) -> Handler:
    def get_by_uuid(call: Call, uuid: str) -> str:
        return call.database.by_uuid(of.name, uuid)

    return get_by_uuid


def _get_by_name_label(of: Class) -> Handler:
    def get_by_name_label(call: Call, label: str) -> list[str]:
        with call.database.lock:
            rows = _table(call, of).rows
            return [ref for ref, row in rows.items() if row.fields["name_label"] == label]

    return get_by_name_label


def _get_all(of: Class) -> Handler:
    def get_all(call: Call) -> list[str]:
        with call.database.lock:
            return list(_table(call, of).rows)

    return get_all


def _get_all_records(of: Class) -> Handler:
    def get_all_records(call: Call) -> dict[str, Row]:
        with call.database.lock:
            return dict(_table(call, of).rows)

    return get_all_records


def _get_all_records_where(of: Class) -> Handler:
    def get_all_records_where(call: Call, text: str) -> dict[str, Row]:
        condition = expression.parse(of, text, call.database.reserved)
        with call.database.lock:
            rows = dict(_table(call, of).rows)
        return {ref: row for ref, row in rows.items() if condition(ref, row.fields)}

    return get_all_records_where


def _get_all_where(of: Class) -> Handler:
    records = _get_all_records_where(of)

    def get_all_where(call: Call, text: str) -> list[str]:
        return list(records(call, text))

    return get_all_where


def _get(of: Class, field: Field) -> Handler:
    def get(call: Call, ref: str) -> Any:
        return call.database.get(of.name, ref)[field.name]

    return get


def _set(of: Class, field: Field) -> Handler:
    def set(call: Call, ref: str, value: Any) -> None:
        call.database.write(of.name, ref, **{field.name: value})

    return set


def _add_to(of: Class, field: Field) -> Handler:
    def add_to(call: Call, ref: str, key: Any, value: Any) -> None:
        """Raise MAP_DUPLICATE_KEY if the key exists, whatever its value (ocaml/database/db_cache_impl.ml)."""
        with call.database.lock:
            held = call.database.get(of.name, ref)[field.name]
            if key in held:
                raise Failure("MAP_DUPLICATE_KEY", of.name, of.column(field.name), ref, key)
            call.database.write(of.name, ref, **{field.name: {key: value, **held}})

    return add_to


def _remove_from(of: Class, field: Field) -> Handler:
    def remove_from(call: Call, ref: str, key: Any) -> None:
        with call.database.lock:
            held = call.database.get(of.name, ref)[field.name]
            call.database.write(of.name, ref, **{field.name: {k: v for k, v in held.items() if k != key}})

    return remove_from


def _add(of: Class, field: Field) -> Handler:
    def add(call: Call, ref: str, value: Any) -> None:
        with call.database.lock:
            held = call.database.get(of.name, ref)[field.name]
            if value not in held:
                call.database.write(of.name, ref, **{field.name: [value, *held]})

    return add


def _remove(of: Class, field: Field) -> Handler:
    def remove(call: Call, ref: str, value: Any) -> None:
        with call.database.lock:
            held = call.database.get(of.name, ref)[field.name]
            call.database.write(of.name, ref, **{field.name: [item for item in held if item != value]})

    return remove


def _table(call: Call, of: Class) -> Table:
    return call.database.tables[of.name]


_WHOLE: dict[str, Callable[[Class], Handler]] = {
    "create": _create,
    "destroy": _destroy,
    "get_record": _get_record,
    "get_by_uuid": _get_by_uuid,
    "get_by_name_label": _get_by_name_label,
    "get_all": _get_all,
    "get_all_where": _get_all_where,
    "get_all_records": _get_all_records,
    "get_all_records_where": _get_all_records_where,
}
_FIELD_VERBS: tuple[tuple[str, Callable[[Class, Field], Handler], int], ...] = (
    ("get_", _get, 1),
    ("set_", _set, 2),
    ("add_to_", _add_to, 3),
    ("remove_from_", _remove_from, 2),
    ("add_", _add, 2),
    ("remove_", _remove, 2),
)
