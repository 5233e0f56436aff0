"""The results of messages, compared with the published datamodel."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from drivers.xapi_simulator.clients.datamodel import Datamodel
from hvlib_xenapi.rpc import Message, result_type
from hvlib_xenapi.wire.conversion import converter
from hvlib_xenapi.wire.datamodel import FIELDS

PLAIN = {"int": "12", "float": "12", "datetime": "20240101T00:00:00Z", "<class> record": {"uuid": "1"}}
NOTHING = "OpaqueRef:NULL"


def plain(type: str, classes: Datamodel) -> Any:
    """A value of a type of the datamodel, as XML-RPC sends it."""
    type = type.removesuffix(" option")  # An option is a value or a missing field.
    if type.endswith(" set"):
        return [plain(type.removesuffix(" set"), classes)]
    if type.endswith(" map"):
        key, value = type.removesuffix(" map").strip("()").split(" -> ", 1)
        return {"OpaqueRef:1" if key.endswith(" ref") else plain(key, classes): plain(value, classes)}
    if type.endswith(" ref"):
        return NOTHING
    if type in datamodel_records(classes):
        fields = classes[type.removesuffix(" record")]["fields"]
        return {field["name"]: plain(field["type"], classes) for field in fields}
    return PLAIN.get(type, "text")


def datamodel_records(classes: Datamodel) -> set[str]:
    """The types of records. An event's snapshot may be of any class, and stays as it is."""
    return {f"{cls} record" for cls in classes}


def read(type: str, classes: Datamodel) -> Any:
    """The same value, as a caller must see it."""
    type = type.removesuffix(" option")  # An option is a value or a missing field.
    if type.endswith(" set"):
        return [read(type.removesuffix(" set"), classes)]
    if type.endswith(" map"):
        key, value = type.removesuffix(" map").strip("()").split(" -> ", 1)
        return {"OpaqueRef:1" if key.endswith(" ref") else read(key, classes): read(value, classes)}
    if type.endswith(" ref"):
        return None
    if type in datamodel_records(classes):
        fields = classes[type.removesuffix(" record")]["fields"]
        return {field["name"]: read(field["type"], classes) for field in fields}
    return {"int": 12, "float": 12.0, "datetime": datetime(2024, 1, 1, tzinfo=UTC)}.get(type, plain(type, classes))


def test_every_message_of_the_datamodel_returns_values_of_its_type(datamodel: Datamodel) -> None:
    seen = 0
    for cls, model in datamodel.items():
        for message in model["messages"]:
            type = message["result"][0]
            if type == "void":
                continue
            convert = converter(result_type(f"{cls}.{message['name']}"))
            value = plain(type, datamodel)
            found = convert(value) if convert else value
            assert found == read(type, datamodel), f"{cls}.{message['name']}"
            seen += 1
    assert seen > 1000


def test_every_known_field_is_in_the_datamodel(datamodel: Datamodel) -> None:
    for cls, model in datamodel.items():
        known = {field for names in FIELDS.get(cls, {}).values() for field in names.split()}
        assert known <= {field["name"] for field in model["fields"]}


def test_messages_are_called_by_name() -> None:
    called: list[tuple[Any, ...]] = []
    session = Message(lambda *call: called.append(call))
    session.VM.get_all_records()
    session.Async.VM.start("OpaqueRef:1", False, False)
    session.event.from_(["VM"], "", 0.0)
    assert called == [
        ("VM.get_all_records",),
        ("Async.VM.start", "OpaqueRef:1", False, False),
        ("event.from", ["VM"], "", 0.0),
    ]
    assert re.search("VM.start", repr(session.VM.start))


def test_an_asynchronous_message_returns_its_task() -> None:
    assert result_type("Async.VM.clone") == "ref"
