"""SOAP as vSphere speaks it: requests from templates, replies decoded as they arrive.

A reply is parsed by expat into a tree that is emptied while it grows: each ``objects`` element of a RetrieveResult is
read and dropped as soon as it is complete, so a reply of any length takes the memory of a few objects. (A tree that is
built in C costs less than a Python callback for each tag, and needs no state machine.)

Values become plain ones by what the element says of itself: its ``xsi:type``, or a ``type`` attribute, which makes it a
reference. What is unknown stays text, or a dict by element name. An array inside of a structure is not told from its
only item: `listed` takes either.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ParseError, TreeBuilder, XMLParser
from xml.parsers import expat
from xml.sax.saxutils import escape

import msgspec

from hvlib.model.errors import ProtocolError

__all__ = ["Fault", "MoRef", "Reply", "Row", "element", "envelope", "listed", "reference", "truth", "utc", "value_of"]

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
TYPE_KEY = "xsi:type"
"""Where the dict of a structure tells its type, if the server did."""

PARTS = {"propSet": ("name", "val"), "missingSet": ("path", "fault")}

OUT_OF_RANGE = re.compile(r"-?\d{4,}-\d\d-\d\dT")
"""How a moment begins that is one, though Python has none such."""

SLICE = 8192
"""Bytes after which complete objects are read: few, so that their part of the tree stays in the processor's cache."""


class MoRef(NamedTuple):
    """A ManagedObjectReference: the server's name for one of its objects."""

    type: str
    id: str


class Row(NamedTuple):
    """An ObjectContent: an object, the values of its properties by path, and why others are missing, by path."""

    ref: MoRef
    values: dict[str, Any]
    missing: dict[str, Fault]


class Fault(msgspec.Struct, frozen=True):
    """What the server raised: its type's name, the server's words, its data as plain values."""

    type: str
    message: str
    detail: Mapping[str, Any]

    @property
    def words(self) -> str:
        """What happened, for people: the server's words; of one that has none, the fault's type and its simple data."""
        if " " in self.message:
            return self.message
        data = " ".join(f"{name}={value}" for name, value in self.detail.items() if isinstance(value, str))
        return f"{self.type or self.message} {data}".rstrip()

    def plain(self) -> dict[str, Any]:
        """As plain values: the ``native`` of an error."""
        return {"type": self.type, "message": self.message, "detail": dict(self.detail)}

    @classmethod
    def of_localized(cls, value: object) -> Fault:
        """A decoded LocalizedMethodFault."""
        fields = value if isinstance(value, dict) else {}
        detail = fields.get("fault")
        detail = detail if isinstance(detail, dict) else {}
        return cls(str(detail.get(TYPE_KEY, "")), str(fields.get("localizedMessage") or ""), _untyped(detail))


def element(name: str, text: object) -> str:
    """An element that holds text (or a number, or a truth value)."""
    shown = str(text).lower() if isinstance(text, bool) else str(text)
    return f"<{name}>{escape(shown)}</{name}>"


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
    """One reply, fed as it arrives. Every method raises `ProtocolError` for what is no whole SOAP reply.

    ``take`` receives the objects of a RetrieveResult one by one; without it they are part of what `close` returns.
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
        """Take the next bytes."""
        with _understood():
            for start in range(0, len(chunk), SLICE):
                part = chunk[start : start + SLICE]
                if self._prolog is not None and self._prolog.ends_in(part):
                    self._prolog = None
                self._parser.feed(part)
                if self._take is not None:
                    self._drain()

    def close(self) -> Any | Fault:
        """The value returned: None, a value, a tuple where the method returns several; or the Fault."""
        with _understood():
            self._parser.close()
            answer = self._answer()
            if answer is None:
                raise ProtocolError("not a SOAP reply: it has no body")
            if answer.tag == SOAP + "Fault":
                return _fault(answer)
            returned = [self._returned(child) for child in answer if _local(child.tag) == "returnval"]
            return returned[0] if len(returned) == 1 else tuple(returned) or None

    def _answer(self) -> Element | None:
        """The one element in the reply's body."""
        found = self._root.find(f"{SOAP}Envelope/{SOAP}Body/*")
        if found is None and len(self._root) and self._root[0].tag != SOAP + "Envelope":
            raise ProtocolError(f"not a SOAP reply: it is a {_local(self._root[0].tag)!r} document")
        return found

    def _drain(self) -> None:
        """Read and drop the objects that are complete: all but the last, which may still be growing."""
        if self._result is None:
            answer = self._answer()
            self._result = None if answer is None or not len(answer) else answer[0]
        result = self._result
        if result is None or result.tag == "faultcode" or len(result) < 2:
            return
        complete = result[:-1]
        kept = self._read(complete)
        if len(kept) != len(complete):
            result[:-1] = kept

    def _read(self, children: Iterable[Element]) -> list[Element]:
        """Pass the objects on; what is none of them is returned."""
        assert self._take is not None
        kept = []
        for child in children:
            if _local(child.tag) == "objects":
                self._take(_row(child))
            else:
                kept.append(child)
        return kept

    def _returned(self, result: Element) -> Any:
        if self._take is not None:
            result[:] = self._read(result)
        return value_of(result)


class Prolog:
    """What comes before the root element. SOAP has no document type declarations, nor entities of its own."""

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


class _understood:  # noqa: N801 -- read as a statement
    """Whatever the parser and the decoder stumble over is a reply that can't be understood."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, (ParseError, expat.ExpatError)):
            raise ProtocolError(f"the reply is not whole, or not XML: {error}") from error
        if isinstance(error, (ValueError, IndexError, OverflowError, RecursionError)):
            raise ProtocolError(f"the reply can't be understood: {error}") from error


def value_of(node: Element) -> Any:
    """An element's value, as plain as it can be."""
    declared = node.get(XSI_TYPE)
    if len(node):
        return _composite(node, declared)
    if node.text is None and truth(node.get(XSI_NIL)):
        return None
    if declared is not None:
        reader = _leaf_reader(declared)
        if reader is not _reference:
            return reader(node.text)
    to = node.get("type")
    return node.text or "" if to is None else MoRef(to, node.text or "")


def _composite(node: Element, declared: str | None) -> Any:
    kind = None if declared is None else _unprefixed(declared)
    if kind is not None and kind.startswith("ArrayOf"):
        return tuple([value_of(child) for child in node])
    fields: dict[str, Any] = {} if kind is None else {TYPE_KEY: kind}
    repeated: dict[str, list[Any]] = {}
    for child in node:
        name = _local(child.tag)
        # Most leaves have no attributes: their values are their texts.
        value = value_of(child) if len(child) or child.items() else child.text or ""
        if name not in fields:
            fields[name] = value
        elif name in repeated:
            repeated[name].append(value)
        else:
            repeated[name] = [fields[name], value]
    for name, values in repeated.items():
        fields[name] = tuple(values)
    return fields


def listed(value: Any) -> tuple[Any, ...]:
    """A decoded array's items, however many: the server writes one, inside of a structure, as if it were no array."""
    if value is None:
        return ()
    return value if type(value) is tuple else (value,)


def _row(node: Element) -> Row:
    """An ObjectContent: ``obj``, then ``propSet`` and ``missingSet`` elements."""
    values: dict[str, Any] = {}
    missing: dict[str, Fault] = {}
    parts = iter(node)
    target = next(parts, None)
    if target is None or target.text is None:
        raise ValueError("an object without its reference")
    for part in parts:
        named, told = _tags_in(part.tag)
        path = part[0].text or ""
        if part[0].tag != named or (len(part) > 1 and part[1].tag != told):
            raise ValueError(f"{_local(part.tag)} begins with {_local(part[0].tag)}")
        if len(part) < 2:
            values[path] = None
        elif _local(part.tag) == "propSet":
            values[path] = value_of(part[1])
        else:
            missing[path] = Fault.of_localized(value_of(part[1]))
    return Row(MoRef(target.get("type", ""), target.text), values, missing)


def _fault(node: Element) -> Fault:
    detail = node.find("detail/*")
    message = node.findtext("faultstring") or ""
    if detail is None:
        return Fault("", message, {})
    value = value_of(detail)
    fields = value if isinstance(value, dict) else {}
    declared = detail.get(XSI_TYPE)
    kind = _local(detail.tag).removesuffix("Fault") if declared is None else _unprefixed(declared)
    return Fault(kind, message or kind, _untyped(fields))


def _untyped(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != TYPE_KEY}


@lru_cache(maxsize=64)
def _tags_in(tag: str) -> tuple[str, str]:
    """What the two elements in a ``propSet`` or ``missingSet`` are, and in this order."""
    space, brace, name = tag.rpartition("}")
    if name not in PARTS:
        raise ValueError(f"an object with {name!r}")
    first, second = PARTS[name]
    return f"{space}{brace}{first}", f"{space}{brace}{second}"


@lru_cache(maxsize=4096)
def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


@lru_cache(maxsize=4096)
def _unprefixed(name: str) -> str:
    return name.rpartition(":")[2]


def _text(text: str | None) -> str:
    return text or ""


def _integer(text: str | None) -> int:
    return int(text or "")


def _float(text: str | None) -> float:
    return float(text or "")


def _reference(text: str | None) -> Any:
    """Stands for what takes an attribute to read."""
    raise AssertionError(text)


def truth(text: str | None) -> bool:
    """Whether a text says true."""
    return text is not None and text.strip() in ("true", "1")


def utc(text: str | None) -> datetime | None:
    """A moment; None if it is none that Python knows: before the year 1 or after 9999."""
    known = (text or "").strip()
    try:
        moment = datetime.fromisoformat(known)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        if OUT_OF_RANGE.match(known):
            return None
        raise


READERS: Mapping[str, Callable[[str | None], Any]] = {
    "string": _text,
    "anyURI": _text,
    "base64Binary": _text,
    "int": _integer,
    "long": _integer,
    "short": _integer,
    "byte": _integer,
    "float": _float,
    "double": _float,
    "boolean": truth,
    "dateTime": utc,
    "ManagedObjectReference": _reference,
}


@lru_cache(maxsize=4096)
def _leaf_reader(declared: str) -> Callable[[str | None], Any]:
    """What reads a leaf of this type: an enumeration's value is text; nothing at all, an empty array or structure."""
    kind = _unprefixed(declared)
    if kind in READERS:
        return READERS[kind]
    if kind.startswith("ArrayOf"):
        return lambda _: ()
    return lambda text: text or {TYPE_KEY: kind}
