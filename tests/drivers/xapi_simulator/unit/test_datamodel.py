"""The simulator's tables against the published datamodel, which is not part of the project."""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.datamodel import Datamodel, read_datamodel
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.implied import implied_messages
from hvlib_xapi_simulator.messages import HANDLERS
from hvlib_xapi_simulator.table import Class, Message

QUALIFIERS = {"RO/runtime": "ro", "RO/constructor": "new", "RW": "rw"}
LIVE_BUT_UNPUBLISHED = {"get_all_where", "get_all_records_where"}  # ocaml/idl/datamodel_utils.ml


@pytest.fixture(scope="module")
def datamodel() -> Datamodel:
    return read_datamodel()


def messages_of(of: Class) -> dict[str, Message]:
    return {message.name.partition(".")[2]: message for message in (*of.messages, *implied_messages(of))}


@pytest.mark.parametrize("name", CLASSES)
def test_fields_are_those_of_the_datamodel(datamodel: Datamodel, name: str) -> None:
    ours = [(f.name, f.type.name, f.qualifier, f.has_default) for f in CLASSES[name].fields.values()]
    theirs = [(f["name"], f["type"], QUALIFIERS[f["qualifier"]], "default" in f) for f in datamodel[name]["fields"]]
    assert ours == theirs


@pytest.mark.parametrize("name", CLASSES)
def test_defaults_are_those_of_the_datamodel(datamodel: Datamodel, name: str) -> None:
    for model in datamodel[name]["fields"]:
        if "default" in model:
            field = CLASSES[name].fields[model["name"]]
            text = "OpaqueRef:NULL" if model["default"] == "Null" else model["default"]
            assert field.default == field.type.default(text)


@pytest.mark.parametrize("name", CLASSES)
def test_messages_are_those_of_the_datamodel(datamodel: Datamodel, name: str) -> None:
    ours = messages_of(CLASSES[name])
    theirs = {model["name"]: model for model in datamodel[name]["messages"]}
    assert ours.keys() - LIVE_BUT_UNPUBLISHED == theirs.keys() - LIVE_BUT_UNPUBLISHED
    for verb, model in theirs.items():
        message = ours[verb]
        parameters = [(p["name"], p["type"], p["required"]) for p in model["params"] if p["name"] != "session_id"]
        assert [(p.name, p.type.name, p.required) for p in message.parameters] == parameters, verb
        assert message.session == any(p["name"] == "session_id" for p in model["params"]), verb
        assert (message.result.name if message.result else "void") == model["result"][0], verb
        assert message.removed == (model["lifecycle"]["state"] == "Removed_s"), verb


def test_every_handler_answers_a_message() -> None:
    names = {message.name for of in CLASSES.values() for message in (*of.messages, *implied_messages(of))}
    assert HANDLERS.keys() <= names
