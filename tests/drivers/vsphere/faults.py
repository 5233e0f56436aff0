"""vSphere under faults: a proxy in front of vcsim."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from faults.over_http import HttpTarget
from servers.faulty_fault import Fault, Replace
from servers.faulty_proxy import FaultyProxy, soap_method
from servers.vcsim import Vcsim

import hvlib

__all__ = ["VSphereTarget"]

POWER = ("PowerOnVM_Task", "PowerOffVM_Task")

NOT_AUTHENTICATED = b"""<?xml version="1.0" encoding="UTF-8"?>
<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body><soapenv:Fault>
<faultcode>ServerFaultCode</faultcode><faultstring>The session is not authenticated.</faultstring>
<detail><NotAuthenticatedFault xmlns="urn:vim25" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:type="NotAuthenticated"><object type="Folder">group-d1</object><privilegeId>System.View</privilegeId>
</NotAuthenticatedFault></detail></soapenv:Fault></soapenv:Body></soapenv:Envelope>"""


class VSphereTarget(HttpTarget):
    """vcsim, over TLS on both sides of the proxy."""

    name: ClassVar[str] = "vsphere"
    decisive: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "login": ("Login",),
        "list": ("ContinueRetrievePropertiesEx",),
        "pages": ("ContinueRetrievePropertiesEx",),
        "by uuid": ("FindAllByUuid",),
        "by name": ("RetrievePropertiesEx",),
        "snapshot": ("WaitForUpdatesEx",),
        "watch": ("WaitForUpdatesEx",),
        "task": ("WaitForUpdatesEx",),
        "action": POWER,
    }

    def __init__(self) -> None:
        self._server = Vcsim(vms=20, hosts=4, task_delay=50)
        self._server.start()
        present = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        present.load_cert_chain(*self._server.certificate)
        trust = ssl.create_default_context(cafile=str(self._server.cacert))
        server = ("127.0.0.1", self._server.port)
        self.proxy = FaultyProxy(server, named_by=soap_method, present=present, trust=trust)

    def connect(self) -> hvlib.Provider:
        return self.connect_through(self._server.port)

    def connect_through(self, port: int, **options: Any) -> hvlib.Provider:
        server = self._server
        url = f"vsphere://{quote(server.user)}@127.0.0.1:{port}"
        return hvlib.connect(url, password=server.password, cacert=str(server.cacert), **options)

    def session_rejected(self) -> Fault:
        return Replace(500, "Internal Server Error", NOT_AUTHENTICATED, {"content-type": "text/xml; charset=utf-8"})

    def requests(self) -> Mapping[str, int]:
        return self._server.calls()

    def close(self) -> None:
        self.proxy.close()
        self._server.close()
