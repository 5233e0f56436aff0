"""Both wires bring the same rows; data that is no reply is never taken for a reply."""

from __future__ import annotations

import json
import math
import re
import xmlrpc.client
from typing import Any

import msgspec
import pytest
from hvlib_xapi_simulator.xml_rpc import reply as as_xapi_writes
from hvlib_xenapi.wire import json_rpc, xml_rpc
from hvlib_xenapi.wire.rows import native_row, rows_type
from hvlib_xenapi.wire.xml_records import read_records
from hypothesis import assume, given
from hypothesis import strategies as st

import hvlib

FIELDS = frozenset(
    {"uuid", "name_label", "tags", "other_config", "VCPUs_max", "memory_dynamic_max", "is_a_template", "resident_on"}
)
TEXT = st.text(
    st.characters(min_codepoint=32, exclude_categories=["Cs"], exclude_characters="\ufffe\uffff"), max_size=9
)
NAMES = TEXT.filter(lambda name: not re.search("&.*;|<.*>", name))
"""Names of members. xapi does not escape them: any client takes one that looks like an entity or an element for it."""
RECORD = st.fixed_dictionaries(
    {
        "uuid": st.uuids().map(str),
        "name_label": TEXT,
        "tags": st.lists(TEXT, max_size=3),
        "other_config": st.dictionaries(NAMES, TEXT, max_size=3),
        "VCPUs_max": st.integers(0, 2**40),
        "memory_dynamic_max": st.integers(-1, 2**62),
        "is_a_template": st.booleans(),
        "resident_on": st.sampled_from(["OpaqueRef:NULL", "OpaqueRef:1"]),
        "blobs": st.dictionaries(NAMES, st.just("OpaqueRef:2"), max_size=2),
    }
)
RECORDS = st.dictionaries(st.uuids().map(lambda uuid: f"OpaqueRef:{uuid}"), RECORD, max_size=4)
ROWS = rows_type("VM", FIELDS)


def as_json(value: Any) -> bytes:
    return json.dumps({"jsonrpc": "2.0", "result": value, "id": 1}).encode()


def as_xml(value: Any) -> bytes:
    """A reply in XML-RPC as xapi writes it: numbers are text."""
    reply = {"Status": "Success", "Value": as_text(value)}
    return xmlrpc.client.dumps((reply,), methodresponse=True).encode()


def compact(value: Any) -> bytes:
    """A reply in XML-RPC byte by byte as xapi writes it."""
    return as_xapi_writes("VM.get_all_records", result=value)


def as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: as_text(each) for key, each in value.items()}
    if isinstance(value, list):
        return [as_text(each) for each in value]
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


@given(RECORDS)
def test_both_wires_bring_the_same_rows(records: dict[str, Any]) -> None:
    expected = {ref: {field: record[field] for field in FIELDS} for ref, record in records.items()}
    of_json = json_rpc.read_reply(as_json(records), ROWS)
    of_version_1 = json_rpc.read_reply(as_json(as_text(records)), ROWS)
    of_xml = xml_rpc.read_reply(as_xml(records), ROWS)
    of_xapi = xml_rpc.read_reply(compact(records), ROWS)
    for rows in (of_json, of_version_1, of_xml, of_xapi):
        assert {ref: msgspec.structs.asdict(row) for ref, row in rows.items()} == expected


@given(RECORDS)
def test_both_wires_bring_the_same_native_records(records: dict[str, Any]) -> None:
    of_json, of_xml = json_rpc.read_reply(as_json(records), Any), xml_rpc.read_reply(as_xml(records), Any)
    for ref, record in records.items():
        null = record["resident_on"] == "OpaqueRef:NULL"
        expected = {**record, "resident_on": None if null else record["resident_on"]}
        for found in (of_json, of_xml):
            assert native_row("VM", FIELDS, found[ref]).native == expected


@given(RECORDS, st.data())
def test_a_reply_that_is_cut_off_is_an_error(records: dict[str, Any], data: st.DataObject) -> None:
    for reply, read in (
        (as_json(records), lambda part: json_rpc.read_reply(part, ROWS)),
        (as_xml(records).rstrip(), lambda part: xml_rpc.read_reply(part, ROWS)),
        (compact(records).rstrip(), lambda part: xml_rpc.read_reply(part, ROWS)),
    ):
        part = reply[: data.draw(st.integers(0, len(reply) - 1))]
        with pytest.raises(hvlib.ProtocolError):
            read(part)


@given(
    st.binary(max_size=60)
    | st.text().map(str.encode)
    | st.recursive(st.none() | st.integers() | TEXT, st.lists).map(as_json)
)
def test_rubbish_is_an_error(reply: bytes) -> None:
    for read in (lambda: json_rpc.read_reply(reply, ROWS), lambda: xml_rpc.read_reply(reply, ROWS)):
        try:
            found = read()
        except hvlib.ProtocolError:
            continue
        assert found == {}, "an empty object is an empty class"


def test_nan_and_infinity_are_read() -> None:
    """ocaml-rpc writes NaN and Infinity bare, which is not JSON."""
    reply = b'{"jsonrpc":"2.0","result":{"OpaqueRef:1":{"VCPUs_max":3,"uuid":"1","x":NaN,"y":-Infinity}},"id":1}'
    row = json_rpc.read_reply(reply, ROWS)["OpaqueRef:1"]
    assert (row.VCPUs_max, row.uuid) == (3, "1")
    assert math.isnan(json_rpc.read_reply(reply, Any)["OpaqueRef:1"]["x"])


@pytest.mark.parametrize(
    ("read", "reply"),
    [
        (
            lambda reply: json_rpc.read_reply(reply, Any),
            b'{"jsonrpc":"2.0","error":{"code":1,"message":"VM_BAD_POWER_STATE","data":["OpaqueRef:1","halted","running"]},"id":3}',
        ),
        (
            lambda reply: json_rpc.read_reply(reply, Any),
            b'{"result":null,"error":["VM_BAD_POWER_STATE","OpaqueRef:1","halted","running"],"id":"3"}',
        ),
        (
            lambda reply: xml_rpc.read_reply(reply, Any),
            xmlrpc.client.dumps(
                (
                    {
                        "Status": "Failure",
                        "ErrorDescription": ["VM_BAD_POWER_STATE", "OpaqueRef:1", "halted", "running"],
                    },
                ),
                methodresponse=True,
            ).encode(),
        ),
    ],
    ids=["json", "json of version 1", "xml"],
)
def test_a_refusal_is_an_error_with_the_servers_words(read: Any, reply: bytes) -> None:
    with pytest.raises(hvlib.InvalidState) as caught:
        read(reply)
    assert caught.value.native == ["VM_BAD_POWER_STATE", "OpaqueRef:1", "halted", "running"]


INNER = st.recursive(
    st.sampled_from(["", "a&b<c", True]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["uuid", "tags", "x"]), inner, max_size=2)
    ),
    max_leaves=6,
)
OTHERS = st.dictionaries(st.sampled_from(["VIFs", "blobs", "platform"]), INNER, max_size=3)
DEEPER = st.tuples(OTHERS, RECORD).map(lambda parts: {**parts[0], **parts[1], "recommendations": parts[0]})


@given(st.dictionaries(st.uuids().map(str), DEEPER, max_size=3))
def test_other_fields_and_nested_members_do_not_matter(records: dict[str, Any]) -> None:
    """Other fields may be nested deeply, and their members may have the names of the wanted fields."""
    found = xml_rpc.read_reply(compact(records), ROWS)
    for ref, record in records.items():
        assert msgspec.structs.asdict(found[ref]) == {name: record[name] for name in FIELDS}


@given(RECORDS)
def test_what_xapi_writes_is_read_without_a_parser(records: dict[str, Any]) -> None:
    assume(not any("<" in name for record in records.values() for name in (*record["other_config"], *record["blobs"])))
    found = read_records(compact(records), tuple(FIELDS))
    assert found is not None
    assert found.keys() == records.keys()


def test_names_of_members_may_contain_markup() -> None:
    """xapi does not escape them."""
    records = {"OpaqueRef:1": {"uuid": "1", "other_config": {"a&b": "c", "d &amp; e": "f", "<g>": "h"}}}
    assert xml_rpc.read_reply(compact(records), Any) == records
    row = xml_rpc.read_reply(compact(records), ROWS)["OpaqueRef:1"]
    assert (row.uuid, row.other_config) == ("1", records["OpaqueRef:1"]["other_config"])
