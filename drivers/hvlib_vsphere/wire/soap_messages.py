"""SOAP as vSphere speaks it: requests from templates, replies decoded as they arrive.

A reply is parsed by expat into a tree that is emptied while it grows: each ``objects`` element of a RetrieveResult is
read and dropped as soon as it is complete, so a reply of any length takes the memory of a few objects. (A tree that is
built in C costs less than a Python callback for each tag, and needs no state machine.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat
from xml.sax.saxutils import escape

from hvlib.model.errors import ProtocolError
from hvlib_vsphere.data_objects import Fault, MoRef, Row
from hvlib_vsphere.wire.decoding import fault_of, local_name, row_of, value_of

__all__ = ["Reply", "element", "envelope", "reference"]

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"

RETURN = {"\r": "&#13;"}
"""A parser reads a carriage return as a newline, unless it is written like this."""

SLICE = 8192
"""Bytes after which complete objects are read: few, so that their part of the tree fits in the processor's cache."""


def element(name: str, text: object) -> str:
    """An element that holds text (or a number, or a truth value)."""
    shown = str(text).lower() if isinstance(text, bool) else str(text)
    return f"<{name}>{escape(shown, RETURN)}</{name}>"


def reference(name: str, ref: MoRef) -> str:
    """An element that holds a reference."""
    return f'<{name} type="{escape(ref.type, {chr(34): "&quot;"})}">{escape(ref.id)}</{name}>'


def envelope(method: str, this: MoRef, arguments: str) -> bytes:
    """The request that calls ``method`` of the object ``this``; ``arguments`` are elements."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<soapenv:Body><{method} xmlns="urn:vim25">{reference("_this", this)}{arguments}</{method}>'
        "</soapenv:Body></soapenv:Envelope>"
    ).encode()


class Reply:
    """One reply, fed as it arrives. Every method raises `ProtocolError` if it is incomplete or not SOAP.

    ``take`` receives the objects of a RetrieveResult one by one; without it they are part of the value of `close`.
    """

    def __init__(self, take: Callable[[Row], object] | None = None) -> None:
        self._take = take
        self._prolog: Prolog | None = Prolog()
        builder = TreeBuilder()
        # Our own root, opened by hand: it gives us the tree that the parser is still building.
        self._root = builder.start("reply", {})
        self._parser = XMLParser(target=builder)
        self._result: Element | None = None

    def feed(self, chunk: bytes) -> None:
        """Parse the next bytes."""
        with protocol_errors():
            for start in range(0, len(chunk), SLICE):
                part = chunk[start : start + SLICE]
                if self._prolog is not None and self._prolog.ends_in(part):
                    self._prolog = None
                self._parser.feed(part)
                if self._take is not None:
                    self._drain()

    def close(self) -> Any | Fault:
        """The value that the method returns: None, a value, or a tuple of several values; or the Fault."""
        with protocol_errors():
            self._parser.close()
            answer = self._answer()
            if answer is None:
                raise ProtocolError("not a SOAP reply: it has no body")
            if answer.tag == SOAP + "Fault":
                return fault_of(answer)
            returned = [self._returned(child) for child in answer if local_name(child.tag) == "returnval"]
            return returned[0] if len(returned) == 1 else tuple(returned) or None

    def _answer(self) -> Element | None:
        """The one element in the reply's body."""
        answer = self._root.find(f"{SOAP}Envelope/{SOAP}Body/*")
        if answer is None and len(self._root) and self._root[0].tag != SOAP + "Envelope":
            raise ProtocolError(f"not a SOAP reply: it is a {local_name(self._root[0].tag)!r} document")
        return answer

    def _drain(self) -> None:
        """Read and drop the objects that are complete: all but the last, which may still be growing."""
        if self._result is None:
            answer = self._answer()
            self._result = None if answer is None or not len(answer) else answer[0]
        result = self._result
        if result is None or result.tag == "faultcode" or len(result) < 2:
            return
        complete = result[:-1]
        others = self._read(complete)
        if len(others) != len(complete):
            result[:-1] = others

    def _read(self, children: Iterable[Element]) -> list[Element]:
        """Pass the objects to ``take`` and return the other elements."""
        assert self._take is not None
        others = []
        for child in children:
            if local_name(child.tag) == "objects":
                self._take(row_of(child))
            else:
                others.append(child)
        return others

    def _returned(self, result: Element) -> Any:
        if self._take is not None:
            result[:] = self._read(result)
        return value_of(result)


class Prolog:
    """The part of a reply before the root element. SOAP has no document type declaration, so no entities."""

    def __init__(self) -> None:
        self._ended = False
        self._parser = expat.ParserCreate()
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.StartElementHandler = self._end

    def ends_in(self, chunk: bytes) -> bool:
        """Whether the root element starts in these bytes."""
        self._parser.Parse(chunk, False)
        return self._ended

    def _refuse(self, *_: object) -> None:
        if not self._ended:
            raise ProtocolError("not a SOAP reply: it declares a document type")

    def _end(self, *_: object) -> None:
        self._ended = True


class protocol_errors:  # noqa: N801 -- read as a statement
    """Turn the errors of parser and decoder into `ProtocolError`."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ParseError, expat.ExpatError)):
            raise ProtocolError(f"the reply is incomplete or not XML: {error}") from error
        if isinstance(error, (ValueError, IndexError, OverflowError, RecursionError)):
            raise ProtocolError(f"the reply can't be understood: {error}") from error
