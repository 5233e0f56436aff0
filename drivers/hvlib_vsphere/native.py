"""The vendor's SDK: pyvmomi's ServiceInstance, in the driver's login."""

from __future__ import annotations

from typing import Any

from hvlib.driver.sdk import installed
from hvlib_vsphere.wire.client import Client

__all__ = ["service_instance"]


def service_instance(client: Client, timeout: float) -> Any:
    """A ``vim.ServiceInstance`` in the client's login, which `hvlib_vsphere.property` finds by it.

    Raises `DriverNotFound` if pyvmomi is not installed.
    """
    login, address = client.login, client.connections.address
    with installed("provider.native", "hvlib-sdk[vsphere]"):
        from pyVmomi import VmomiSupport, vim
        from pyVmomi.SoapAdapter import SoapStubAdapter
    stub = SoapStubAdapter(  # type: ignore[no-untyped-call]
        host=address.host,
        port=-address.port if address.tls is None else address.port,
        version=VmomiSupport.versionMap.get(f"vim25/{login.version}", "vim.version.version9"),
        path=login.path,
        sslContext=address.tls,
        httpConnectionTimeout=timeout,
    )
    stub.cookie = login.cookie.reveal()
    stub.client = client  # type: ignore[attr-defined]
    return vim.ServiceInstance("ServiceInstance", stub)  # type: ignore[no-untyped-call]
