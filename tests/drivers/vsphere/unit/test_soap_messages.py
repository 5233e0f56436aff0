from __future__ import annotations

import pickle
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest
from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.wire.soap_messages import Reply, element, envelope
from hypothesis import given, settings
from hypothesis import strategies as st

from hvlib.errors import ProtocolError

ENVELOPE = """<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
<soapenv:Body>{}</soapenv:Body>
</soapenv:Envelope>"""

OBJECTS = """<RetrievePropertiesExResponse xmlns="urn:vim25"><returnval>
<token>7</token>
<objects><obj type="VirtualMachine">vm-1</obj>
 <propSet><name>name</name><val xsi:type="xsd:string">a%2fb &lt;&amp;&#x20AC;&gt; <![CDATA[<ü>]]></val></propSet>
 <propSet><name>config.hardware.memoryMB</name><val xsi:type="xsd:int">4096</val></propSet>
 <propSet><name>config.template</name><val xsi:type="xsd:boolean">false</val></propSet>
 <propSet><name>guest.net</name><val xsi:type="ArrayOfGuestNicInfo"><GuestNicInfo><network>n</network>
  <ipAddress>10.0.0.1</ipAddress><ipAddress>fd00::1</ipAddress><connected>true</connected></GuestNicInfo></val></propSet>
 <propSet><name>runtime.host</name><val type="HostSystem" xsi:type="ManagedObjectReference">host-1</val></propSet>
</objects>
<objects><obj type="VirtualMachine">vm-2</obj>
 <propSet><name>name</name><val xsi:type="xsd:string"></val></propSet>
 <missingSet><path>config.template</path><fault><fault xsi:type="NoPermission">
  <object type="VirtualMachine">vm-2</object><privilegeId>System.Read</privilegeId></fault>
  <localizedMessage>no</localizedMessage></fault></missingSet>
</objects>
</returnval></RetrievePropertiesExResponse>"""

ROWS = [
    Row(
        MoRef("VirtualMachine", "vm-1"),
        {
            "name": "a%2fb <&€> <ü>",
            "config.hardware.memoryMB": 4096,
            "config.template": False,
            "guest.net": ({"network": "n", "ipAddress": ("10.0.0.1", "fd00::1"), "connected": True},),
            "runtime.host": MoRef("HostSystem", "host-1"),
        },
        {},
    ),
    Row(
        MoRef("VirtualMachine", "vm-2"),
        {"name": ""},
        {
            "config.template": Fault(
                "NoPermission", "no", {"object": MoRef("VirtualMachine", "vm-2"), "privilegeId": "System.Read"}
            )
        },
    ),
]


def encoded(body: str) -> bytes:
    return ENVELOPE.format(body).encode()


def rows_of(*chunks: bytes) -> tuple[list[Row], Any]:
    rows: list[Row] = []
    reply = Reply(rows.append)
    for chunk in chunks:
        reply.feed(chunk)
    return rows, reply.close()


def value(val: str) -> Any:
    reply = Reply()
    reply.feed(encoded(f'<R xmlns="urn:vim25"><returnval>{val}</returnval></R>'))
    return reply.close()["val"]


def returned(body: str) -> Any:
    reply = Reply()
    reply.feed(encoded(body))
    return reply.close()


def test_objects_become_rows_and_the_rest_is_returned() -> None:
    assert rows_of(encoded(OBJECTS)) == (ROWS, {"token": "7"})


@given(st.lists(st.integers(0, len(encoded(OBJECTS))), max_size=12))
def test_the_rows_do_not_depend_on_how_the_bytes_arrive(cuts: list[int]) -> None:
    data = encoded(OBJECTS)
    bounds = [0, *sorted(cuts), len(data)]
    chunks = [data[start:end] for start, end in pairwise(bounds)]

    assert rows_of(*chunks) == (ROWS, {"token": "7"})


def test_bytes_one_by_one() -> None:
    data = encoded(OBJECTS)

    assert rows_of(*(data[at : at + 1] for at in range(len(data)))) == (ROWS, {"token": "7"})


def test_a_reply_that_ends_too_early_is_an_error() -> None:
    data = encoded(OBJECTS)
    for end in range(len(data)):
        with pytest.raises(ProtocolError):
            rows_of(data[:end])


def test_objects_are_passed_on_before_the_reply_ends() -> None:
    rows: list[Row] = []
    data = encoded(OBJECTS)
    Reply(rows.append).feed(data[: data.index(b"vm-2") + 4])

    assert rows == ROWS[:1]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\r\n")))
@settings(max_examples=200)
def test_texts_survive_encoding_and_decoding(text: str) -> None:
    reply = Reply()
    try:
        reply.feed(encoded(f'<R xmlns="urn:vim25">{element("returnval", text)}</R>'))
    except ProtocolError:
        assert any(char in text for char in "\ufffe\uffff")  # not allowed in XML
        return
    assert reply.close() == text


@pytest.mark.parametrize(
    ("val", "expected"),
    [
        ('<val xsi:type="xsd:int">-3</val>', -3),
        ('<val xsi:type="xsd:long">8589934592</val>', 8589934592),
        ('<val xsi:type="xsd:boolean">1</val>', True),
        ('<val xsi:type="xsd:double">0.5</val>', 0.5),
        ('<val xsi:type="xsd:string"/>', ""),
        (
            '<val xsi:type="xsd:dateTime">2026-11-22T10:00:00.123456Z</val>',
            datetime(2026, 11, 22, 10, 0, 0, 123456, UTC),
        ),
        ('<val xsi:type="xsd:dateTime">2026-11-22T12:00:00+02:00</val>', datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ('<val xmlns:s="http://www.w3.org/2001/XMLSchema" xsi:type="s:int">3</val>', 3),
        ('<val xsi:type="VirtualMachinePowerState">poweredSideways</val>', "poweredSideways"),
        ('<val xsi:type="ArrayOfString"><string>a</string></val>', ("a",)),
        ('<val xsi:type="ArrayOfSomethingNew"/>', ()),
        ('<val xsi:type="SomethingNew"/>', {"xsi:type": "SomethingNew"}),
        (
            '<val xsi:type="SomethingNew"><a>1</a><b><c>x</c></b></val>',
            {"xsi:type": "SomethingNew", "a": "1", "b": {"c": "x"}},
        ),
        ("<val><a>1</a><b>2</b><a>3</a><a>4</a></val>", {"a": ("1", "3", "4"), "b": "2"}),
        ('<val xsi:type="ArrayOfInt"><int>1</int><int>2</int></val>', (1, 2)),
        ('<val xsi:type="ArrayOfLong"><long>1</long></val>', (1,)),
        ('<val xsi:type="ArrayOfBoolean"><boolean>false</boolean></val>', (False,)),
        ('<val xsi:type="ArrayOfAnyType"><anyType xsi:type="xsd:int">1</anyType></val>', (1,)),
        (
            '<val xsi:type="ArrayOfManagedObjectReference"><ManagedObjectReference type="Task">t-1'
            "</ManagedObjectReference></val>",
            (MoRef("Task", "t-1"),),
        ),
        (
            '<val xsi:type="ArrayOfGuestNicInfo"><GuestNicInfo><ipAddress>10.0.0.1</ipAddress></GuestNicInfo></val>',
            ({"ipAddress": ("10.0.0.1",)},),
        ),
        (
            '<val xsi:type="VirtualHardware"><numCPU>2</numCPU><device xsi:type="VirtualCdrom"><key>3000</key>'
            "<connectable><connected>1</connected></connectable></device></val>",
            {
                "xsi:type": "VirtualHardware",
                "numCPU": 2,
                "device": ({"xsi:type": "VirtualCdrom", "key": 3000, "connectable": {"connected": True}},),
            },
        ),
        ('<val xsi:type="VirtualMachineSummary"><new>1</new></val>', {"xsi:type": "VirtualMachineSummary", "new": "1"}),
        ('<val type="Folder">group-1</val>', MoRef("Folder", "group-1")),
        ('<val xsi:type="xsd:boolean"> true </val>', True),
        ('<val xsi:type="xsd:int" xsi:nil="true"/>', None),
        ('<val xsi:type="xsd:dateTime" xsi:nil="1"/>', None),
        ('<val xsi:nil="true"/>', None),
        ('<val xsi:type="ArrayOfString" xsi:nil="true"/>', None),
        ('<val><a xsi:nil="true"/><b xsi:nil="false"/></val>', {"a": None, "b": ""}),
        ('<val xsi:type="xsd:dateTime"> 2026-11-22T10:00:00Z </val>', datetime(2026, 11, 22, 10, tzinfo=UTC)),
        ('<val xsi:type="xsd:dateTime">0000-01-01T00:00:00Z</val>', None),
        ('<val xsi:type="xsd:dateTime">0001-01-01T00:00:00+02:00</val>', None),
        ('<val xsi:type="xsd:dateTime">9999-12-31T23:59:59-02:00</val>', None),
        ('<val xsi:type="xsd:dateTime">2020-12-31T24:00:00Z</val>', datetime(2021, 1, 1, tzinfo=UTC)),
        ('<val xsi:type="xsd:dateTime">2020-12-31T24:00:00.000+02:00</val>', datetime(2020, 12, 31, 22, tzinfo=UTC)),
        ('<val xsi:type="xsd:dateTime">9999-12-31T24:00:00Z</val>', None),
        ('<val xsi:type="xsd:dateTime">10000-01-01T00:00:00Z</val>', None),
    ],
)
def test_values(val: str, expected: Any) -> None:
    assert value(val) == expected


def test_fields_that_are_not_set() -> None:
    card = value('<val xsi:type="GuestNicInfo"><connected>false</connected></val>')
    assert (card["connected"], card["network"], card["ipAddress"]) == (False, None, ())
    assert pickle.loads(pickle.dumps(card)) == card
    with pytest.raises(KeyError):
        card["nothing"]


def test_several_values_and_none() -> None:
    several = "".join(f'<returnval type="Task">{id}</returnval>' for id in ("t-1", "t-2"))
    assert returned(f'<R xmlns="urn:vim25">{several}</R>') == (MoRef("Task", "t-1"), MoRef("Task", "t-2"))
    assert returned('<R xmlns="urn:vim25"/>') is None


def test_a_fault() -> None:
    fault = returned(
        "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>not now</faultstring><detail>"
        '<InvalidPowerStateFault xmlns="urn:vim25" xsi:type="InvalidPowerState">'
        "<requestedState>poweredOn</requestedState></InvalidPowerStateFault></detail></soapenv:Fault>"
    )

    assert fault.plain() == {
        "type": "InvalidPowerState",
        "message": "not now",
        "detail": {"requestedState": "poweredOn"},
    }


def test_a_fault_while_objects_are_awaited() -> None:
    rows, fault = rows_of(
        encoded("<soapenv:Fault><faultcode>c</faultcode><faultstring>no</faultstring></soapenv:Fault>")
    )

    assert (rows, fault) == ([], Fault("", "no", {}))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><body>Service is starting</body></html>",
        b"<html><br></html>",
        b"\x00\x01\x02",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        ENVELOPE.format("").encode(),
        encoded("<R>&undefined;</R>"),
        encoded("<R/>") + b"<R/>",
        encoded('<R xmlns="urn:vim25"><returnval><val xsi:type="xsd:int">many</val></returnval></R>'),
        encoded('<R xmlns="urn:vim25"><returnval><val xsi:type="xsd:dateTime">soon</val></returnval></R>'),
        encoded('<R xmlns="urn:vim25"><returnval>' + "<a>" * 5000 + "</a>" * 5000 + "</returnval></R>"),
    ],
)
def test_documents_that_are_no_reply(data: bytes) -> None:
    reply = Reply()
    with pytest.raises(ProtocolError):  # noqa: PT012 -- either call may raise
        reply.feed(data)
        reply.close()


@pytest.mark.parametrize(
    "part",
    [
        "<propSet><val>v</val><name>n</name></propSet>",
        "<propSet><path>n</path><val>v</val></propSet>",
        "<missingSet><fault/><path>n</path></missingSet>",
        "<somethingSet><name>n</name><val>v</val></somethingSet>",
        "<propSet/>",
    ],
)
def test_an_object_with_unknown_elements_is_an_error(part: str) -> None:
    listing = f'<objects><obj type="Folder">group-1</obj>{part}</objects>'
    with pytest.raises(ProtocolError):
        rows_of(encoded(f'<R xmlns="urn:vim25"><returnval>{listing}</returnval></R>'))


def test_a_document_type_in_front_of_a_reply_is_refused() -> None:
    data = encoded(OBJECTS).replace(b"?>", b'?><!DOCTYPE x [<!ENTITY y "z">]>', 1)
    with pytest.raises(ProtocolError, match="document type"):
        Reply().feed(data)


def test_requests_are_escaped() -> None:
    sent = envelope("Rename_Task", MoRef("Virtual<Machine", "vm&1"), element("newName", "<&>\"'ü"))

    assert b'type="Virtual&lt;Machine">vm&amp;1<' in sent
    assert "<newName>&lt;&amp;&gt;\"'ü</newName>".encode() in sent
