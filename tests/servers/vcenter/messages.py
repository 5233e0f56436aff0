"""Messages: SOAP requests and replies. The vendor's SDK reads and writes the values in them."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from servers.vcenter.sdk import SoapAdapter, VmomiSupport, vmodl

__all__ = ["XML", "Request", "fault", "read_request", "reply", "value"]

VERSION = VmomiSupport.newestVersions.Get("vim")
NAMESPACE = "urn:vim25"
SEPARATOR = SoapAdapter.NS_SEP
PREFIXES = {SoapAdapter.XMLNS_XSI: "xsi", SoapAdapter.XMLNS_XSD: "xsd", NAMESPACE: ""}

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"'
    ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n'
    "<soapenv:Body>\n{}\n</soapenv:Body>\n</soapenv:Envelope>"
)
FAULT = (
    "<soapenv:Fault><faultcode>ServerFaultCode</faultcode><faultstring>{message}</faultstring>"
    "<detail>{detail}</detail></soapenv:Fault>"
)


class XML(str):
    """The elements of a reply's value, already written."""


class Request(NamedTuple):
    """A call of a method of the object ``this``; the method's result is of the type ``result``."""

    method: str
    this: Any
    arguments: Mapping[str, Any]
    result: Any


def _fetch() -> Any:
    """The method by which the SDK reads one property. The SDK does not list it."""
    prop = VmomiSupport.Object(name="prop", type=str, version=VERSION, flags=0)
    return VmomiSupport.Object(name="Fetch", wsdlName="Fetch", params=(prop,), result=object)


FETCH = _fetch()


class RequestReader(SoapAdapter.ExpatDeserializerNSHandlers):  # type: ignore[misc]
    """Reads a request. Each argument is read by the SDK, as the type that the SDK declares for it."""

    def __init__(self) -> None:
        super().__init__()
        self.nsMap: dict[str, list[str]] = {}
        self.method: Any = None
        self.arguments: dict[str, Any] = {}
        self._values = SoapAdapter.SoapDeserializer(None)
        self._reading = ""

    def read(self, body: bytes) -> Request:
        """Read a whole request."""
        self._parser = SoapAdapter.ParserCreate(namespace_separator=SEPARATOR)
        self._parser.buffer_text = True
        SoapAdapter.SetHandlers(self._parser, SoapAdapter.GetHandlers(self))
        self._parser.Parse(body, True)
        self._keep()
        this, result = self.arguments.pop("_this"), self.method.result
        if self.method is FETCH:
            result = type(this)._GetPropertyInfo(self.arguments["prop"]).type
        return Request(self.method.wsdlName, this, self.arguments, result)

    def StartElementHandler(self, tag: str, attributes: Mapping[str, str]) -> None:  # noqa: N802 -- the parser's name
        """The envelope's elements, the method, then its arguments."""
        name = tag.rpartition(SEPARATOR)[2]
        if self.method is not None:
            self._keep()
            self._reading = name
            self._values.Deserialize(self._parser, self._type(name), nsMap=self.nsMap)
            self._values.StartElementHandler(tag, attributes)
        elif name not in ("Envelope", "Header", "Body"):
            self.method = FETCH if name == "Fetch" else VmomiSupport.GetWsdlMethod(NAMESPACE, name).info

    def CharacterDataHandler(self, data: str) -> None:  # noqa: N802
        """White space between elements."""

    def EndElementHandler(self, tag: str) -> None:  # noqa: N802
        """The end of the method, the body or the envelope."""
        self._keep()

    def _type(self, argument: str) -> Any:
        if argument == "_this":
            return VmomiSupport.ManagedObject
        declared = next(each.type for each in self.method.params if each.name == argument)
        return declared.Item if issubclass(declared, list) else declared

    def _keep(self) -> None:
        """Keep the value that was read last."""
        name, self._reading = self._reading, ""
        if not name:
            return
        read = self._values.GetResult()
        declared = [each.type for each in self.method.params if each.name == name]
        if declared and issubclass(declared[0], list):
            self.arguments.setdefault(name, []).append(read)
        else:
            self.arguments[name] = read


def read_request(body: bytes) -> Request:
    """Read a request. Raises InvalidRequest."""
    try:
        return RequestReader().read(body)
    except (SoapAdapter.ExpatError, KeyError, StopIteration) as error:
        raise vmodl.fault.InvalidRequest(msg=f"the request can't be read: {error!r}") from error


def value(name: str, given: Any, declared: Any = object) -> str:
    """An element with a value, which is written as the SDK writes it."""
    flags = VmomiSupport.F_OPTIONAL
    info = VmomiSupport.Object(name=name, type=declared, version=VERSION, flags=flags)
    # The SDK writes this type's name in its own way, which no server does.
    return _written(lambda serializer: serializer.Serialize(given, info)).replace(
        'xsi:type="ManagedObject"', 'xsi:type="ManagedObjectReference"'
    )


def reply(request: Request, result: Any) -> bytes:
    """The reply to a request."""
    elements = result if isinstance(result, XML) else value("returnval", result, request.result)
    method = request.method
    return ENVELOPE.format(f'<{method}Response xmlns="{NAMESPACE}">{elements}</{method}Response>').encode()


def fault(error: Any) -> bytes:
    """The reply to a request that failed."""
    name = VmomiSupport.GetWsdlName(type(error)) + "Fault"
    info = VmomiSupport.Object(name=name, type=object, version=VERSION, flags=0)
    detail = _written(lambda serializer: serializer.SerializeFaultDetail(error, info))
    message = escape(error.msg or name)
    return ENVELOPE.format(
        FAULT.format(message=message, detail=detail.replace(">", f' xmlns="{NAMESPACE}">', 1))
    ).encode()


def _written(write: Any) -> str:
    written = StringIO()
    serializer = SoapAdapter.SoapSerializer(written, VERSION, PREFIXES)
    serializer.outermostAttrs = None
    write(serializer)
    return written.getvalue()
