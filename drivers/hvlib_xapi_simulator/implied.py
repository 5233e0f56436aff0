"""The messages that follow from a class's fields: get_record, get_x, set_x, add_to_x, get_all_records and the like.

ocaml/idl/datamodel_utils.ml says which of them real servers have.
"""

from __future__ import annotations

from collections.abc import Iterator

from hvlib_xapi_simulator.table import Class, Field, Message, Parameter
from hvlib_xapi_simulator.values import Type, parse_type

__all__ = ["implied_messages"]


def implied_messages(of: Class) -> Iterator[Message]:
    """Yield every message of a class that its table does not name."""
    for message in (*_objects(of), *_lists(of), *_makers(of), *_fields(of)):
        if message.name not in {named.name for named in of.messages}:
            yield message


def _message(
    of: Class, name: str, *parameters: Parameter, result: str | None = None, asynchronous: bool = False
) -> Message:
    return Message(
        f"{of.name}.{name}",
        parameters,
        parse_type(result) if result else None,
        asynchronous=asynchronous,
        removed=name in of.removed,
    )


def _self(of: Class) -> Parameter:
    return Parameter("self", parse_type(f"{of.name} ref"))


def _string(name: str) -> Parameter:
    return Parameter(name, parse_type("string"))


def _objects(of: Class) -> Iterator[Message]:
    if of.name in NOT_IN_THE_DATABASE:
        return
    yield _message(of, "get_record", _self(of), result=f"{of.name} record")
    yield _message(of, "get_by_uuid", _string("uuid"), result=f"{of.name} ref")
    if "name__label" in map(of.column, of.fields):
        yield _message(of, "get_by_name_label", _string("label"), result=f"{of.name} ref set")


def _lists(of: Class) -> Iterator[Message]:
    if not of.listed:
        return
    records = f"({of.name} ref -> {of.name} record) map"
    yield _message(of, "get_all", result=f"{of.name} ref set")
    yield _message(of, "get_all_where", _string("expr"), result=f"{of.name} ref set")
    yield _message(of, "get_all_records", result=records)
    yield _message(of, "get_all_records_where", _string("expr"), result=records)


def _makers(of: Class) -> Iterator[Message]:
    if of.made:
        record = Parameter("args", parse_type(f"{of.name} record"))
        yield _message(of, "create", record, result=f"{of.name} ref", asynchronous=True)
        yield _message(of, "destroy", _self(of), asynchronous=True)


def _fields(of: Class) -> Iterator[Message]:
    if of.name in NOT_IN_THE_DATABASE:
        return
    for field in of.fields.values():
        yield _message(of, f"get_{field.name}", _self(of), result=field.type.name)
        if field.qualifier == "rw":
            yield from _setters(of, field)


def _setters(of: Class, field: Field) -> Iterator[Message]:
    yield _message(of, f"set_{field.name}", _self(of), Parameter("value", field.type))
    match field.type:
        case Type(kind="map", key=Type() as key, item=Type() as item):
            yield _message(of, f"add_to_{field.name}", _self(of), Parameter("key", key), Parameter("value", item))
            yield _message(of, f"remove_from_{field.name}", _self(of), Parameter("key", key))
        case Type(kind="set", item=Type() as item):
            yield _message(of, f"add_{field.name}", _self(of), Parameter("value", item))
            yield _message(of, f"remove_{field.name}", _self(of), Parameter("value", item))


NOT_IN_THE_DATABASE = frozenset({"event", "message"})
"""Classes whose objects are not in the database: they have no messages for single objects and fields."""
