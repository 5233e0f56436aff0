"""The fields of a new object, given or by default (ocaml/idl/ocaml_backend/gen_server.ml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib_xapi_simulator.database import Database, new_ref, new_uuid
from hvlib_xapi_simulator.table import Class
from hvlib_xapi_simulator.values import WrongType

__all__ = ["blank", "construct", "read_record"]


def blank(of: Class, **fields: Any) -> dict[str, Any]:
    """Return all fields of a new object: those given, and the defaults of the others."""
    values = {name: field.default for name, field in of.fields.items()}
    if "uuid" in values:
        values["uuid"] = new_uuid()
    values.update(fields)
    return values


def construct(database: Database, of: Class, record: Mapping[str, Any], **fields: Any) -> str:
    """Create an object from a constructor's record and return its reference (ocaml/idl/ocaml_backend/gen_server.ml)."""
    return database.create(of.name, new_ref(), blank(of, **{**read_record(of, record), **fields}))


def read_record(of: Class, record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a constructor's record. Fields that only the server sets are skipped."""
    values = {}
    for name, field in of.fields.items():
        if field.qualifier == "ro":
            continue
        if name not in record and not field.has_default:
            raise WrongType(f'Server_helpers.Dispatcher_FieldNotFound("{name}")')
        values[name] = field.type.read(record[name]) if name in record else field.default
    return values
