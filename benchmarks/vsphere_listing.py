"""Listing 10,000 VMs of a vCenter with 12 properties: hvlib against pyvmomi, and hvlib's memory.

Replies are made up beforehand, with 2 KB for each VM like real ones, and served from the memory of another process over
HTTP, so that the clients are measured and not a server. Figures are medians of several runs; only their ratios matter.

    python benchmarks/vsphere_listing.py
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import http.client
import importlib
import json
import re
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

VMS = 10_000
PAGE = 1_000
RUNS = 5

PATHS = [
    "config.guestFullName",
    "config.hardware.memoryMB",
    "config.hardware.numCPU",
    "config.instanceUuid",
    "config.template",
    "guest.hostName",
    "guest.ipAddress",
    "guest.net",
    "name",
    "network",
    "runtime.host",
    "runtime.powerState",
]
FIELDS = [  # made from these paths
    "guest_os",
    "memory_bytes",
    "vcpus",
    "uuid",
    "guest_hostname",
    "ip_addresses",
    "name_label",
    "networks",
    "host",
    "power_state",
]

ENVELOPE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<soapenv:Envelope'
    ' xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"'
    ' xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsd="http://www.w3.org/2001/XMLSchema"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n<soapenv:Body>\n'
    '<{method}Response xmlns="urn:vim25">{returned}</{method}Response>\n</soapenv:Body>\n</soapenv:Envelope>'
)
CONTENT = (
    '<returnval><rootFolder type="Folder">group-d1</rootFolder>'
    '<propertyCollector type="PropertyCollector">propertyCollector</propertyCollector>'
    '<viewManager type="ViewManager">ViewManager</viewManager>'
    "<about><name>made up</name><fullName>made up</fullName><vendor>hvlib</vendor><version>8.0.2</version>"
    "<build>1</build><osType>linux-x64</osType><productLineId>vpx</productLineId><apiType>VirtualCenter</apiType>"
    "<apiVersion>8.0.2.0</apiVersion><instanceUuid>8d4d3c1e-0000-4000-8000-000000000001</instanceUuid></about>"
    '<sessionManager type="SessionManager">SessionManager</sessionManager></returnval>'
)
SESSION = (
    "<returnval><key>1</key><userName>u</userName><fullName>u</fullName><loginTime>2026-01-01T00:00:00Z</loginTime>"
    "<lastActiveTime>2026-01-01T00:00:00Z</lastActiveTime><locale>en</locale><messageLocale>en</messageLocale></returnval>"
)
SMALL = {
    "RetrieveServiceContent": CONTENT,
    "Login": SESSION,
    "CreateContainerView": '<returnval type="ContainerView">session[1]view-1</returnval>',
    "Logout": "",
}


def card(number: int, vm: int) -> str:
    address, suffix = f"10.{number}.{vm >> 8 & 255}.{vm & 255}", f"{vm >> 8 & 255:02x}:{vm & 255:02x}"
    local = f"fe80::250:56ff:fe{suffix}"
    configured = "".join(
        f"<ipAddress><ipAddress>{ip}</ipAddress><prefixLength>{length}</prefixLength><state>preferred</state></ipAddress>"
        for ip, length in ((address, 24), (local, 64))
    )
    return (
        f"<GuestNicInfo><network>VM Network {number}</network><ipAddress>{address}</ipAddress>"
        f"<ipAddress>{local}</ipAddress><macAddress>00:50:56:{number:02x}:{suffix}</macAddress>"
        f"<connected>true</connected><deviceConfigId>400{number}</deviceConfigId>"
        f"<ipConfig>{configured}</ipConfig></GuestNicInfo>"
    )


def vm_content(vm: int) -> str:
    def leaf(path: str, kind: str, value: object, attributes: str = "") -> str:
        return f'<propSet><name>{path}</name><val{attributes} xsi:type="{kind}">{value}</val></propSet>\n'

    network = (
        '<ManagedObjectReference type="Network" xsi:type="ManagedObjectReference">network-12</ManagedObjectReference>'
    )
    return (
        f'<objects><obj type="VirtualMachine">vm-{vm}</obj>\n'
        + leaf("config.guestFullName", "xsd:string", "Red Hat Enterprise Linux 9 (64-bit)")
        + leaf("config.hardware.memoryMB", "xsd:int", 4096)
        + leaf("config.hardware.numCPU", "xsd:int", 4)
        + leaf("config.instanceUuid", "xsd:string", f"5021f3a7-0000-4000-8000-{vm:012x}")
        + leaf("config.template", "xsd:boolean", "false")
        + leaf("guest.hostName", "xsd:string", f"app-{vm:05}.prod.example.org")
        + leaf("guest.ipAddress", "xsd:string", f"10.0.{vm >> 8 & 255}.{vm & 255}")
        + leaf("guest.net", "ArrayOfGuestNicInfo", "".join(card(number, vm) for number in range(1 + (vm % 4 == 0))))
        + leaf("name", "xsd:string", f"prod-application-{vm:05}")
        + leaf("network", "ArrayOfManagedObjectReference", network)
        + leaf("runtime.host", "ManagedObjectReference", f"host-{vm % 100}", ' type="HostSystem"')
        + leaf("runtime.powerState", "VirtualMachinePowerState", "poweredOn")
        + "</objects>\n"
    )


def listing(method: str, objects: list[str], token: str = "") -> bytes:
    token_element = f"<token>{token}</token>" if token else ""
    return ENVELOPE.format(method=method, returned=f"<returnval>{token_element}{''.join(objects)}</returnval>").encode()


class Bodies:
    """The replies: one with all objects, and pages. A page's token is the number of the next page."""

    def __init__(self, vms: int) -> None:
        objects = [vm_content(vm) for vm in range(vms)]
        self.bulk = listing("RetrievePropertiesEx", objects)
        starts = range(0, vms, PAGE)
        self.pages = [
            listing(
                "ContinueRetrievePropertiesEx" if start else "RetrievePropertiesEx",
                objects[start : start + PAGE],
                str(start // PAGE + 1) if start + PAGE < vms else "",
            )
            for start in starts
        ]

    def reply(self, request: bytes) -> bytes:
        """Return the reply to a SOAP request."""
        method = re.search(rb"Body>\s*<(\w+)", request)
        name = method[1].decode() if method else ""
        if name == "RetrievePropertiesEx":
            return self.pages[0] if b"<maxObjects>" in request else self.bulk
        if name == "ContinueRetrievePropertiesEx":
            token = re.search(rb"<token>(\d+)</token>", request)
            return self.pages[int(token[1]) if token else 0]
        return ENVELOPE.format(method=name, returned=SMALL[name]).encode()


class Handler(BaseHTTPRequestHandler):
    """Answers requests from memory."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    bodies: Bodies

    def do_GET(self) -> None:
        """Send the bytes of all objects, without SOAP."""
        self.answer(self.bodies.bulk if self.path == "/bulk" else b"", 200 if self.path == "/bulk" else 404)

    def do_POST(self) -> None:
        """Answer a SOAP request."""
        self.answer(self.bodies.reply(self.rfile.read(int(self.headers["Content-Length"]))), 200)

    def answer(self, body: bytes, status: int) -> None:
        """Send a reply, and keep the connection."""
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def serve(vms: int) -> None:
    Handler.bodies = Bodies(vms)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    print(server.server_port, flush=True)
    server.serve_forever()


@contextlib.contextmanager
def served(vms: int) -> Iterator[int]:
    with subprocess.Popen([sys.executable, __file__, "--serve", str(vms)], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.kill()


def transfer(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/bulk")
    size = len(connection.getresponse().read())
    connection.close()
    return size


def provider(port: int) -> Any:
    import hvlib

    return hvlib.connect(f"vsphere+http://user@127.0.0.1:{port}", password="none")


def with_hvlib(connected: Any) -> int:
    return len(connected.compute.vms.get_all(fields=FIELDS).all())


def with_pyvmomi(port: int) -> int:
    sdk: Any = importlib.import_module("pyVmomi")
    vim, vmodl = sdk.vim, sdk.vmodl
    stub = sdk.SoapStubAdapter(host="127.0.0.1", port=-port, version="vim.version.version9")
    query = vmodl.query.PropertyCollector
    walk = query.TraversalSpec(type=vim.view.ContainerView, path="view", skip=False)
    view = vim.view.ContainerView("session[1]view-1", stub)
    spec = query.FilterSpec(
        propSet=[query.PropertySpec(type=vim.VirtualMachine, pathSet=PATHS)],
        objectSet=[query.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
    )
    result = query("propertyCollector", stub).RetrievePropertiesEx([spec], query.RetrieveOptions())
    rows = [{prop.name: prop.val for prop in item.propSet} for item in result.objects]
    stub.DropConnections()
    return len(rows)


def seconds(work: Callable[[], int]) -> float:
    gc.collect()
    start = time.perf_counter()
    count = work()
    elapsed = time.perf_counter() - start
    assert count >= VMS, count
    return elapsed


def compare() -> None:
    with served(VMS) as port, provider(port) as connected:
        ways: dict[str, Callable[[], int]] = {
            "bytes": lambda: transfer(port),
            "hvlib": lambda: with_hvlib(connected),
            "pyvmomi": lambda: with_pyvmomi(port),
        }
        for work in ways.values():
            work()
        times = {name: [seconds(work) for _ in range(RUNS)] for name, work in ways.items()}
        size = transfer(port)
    median = {name: statistics.median(runs) for name, runs in times.items()}
    print(f"{VMS:,} VMs, {len(PATHS)} properties, {size / 1e6:.2f} MB; medians of {RUNS} runs")
    print(f"  bytes only                           {median['bytes']:6.3f} s")
    print(f"  hvlib, pages of {PAGE:,}, VM records    {median['hvlib']:6.3f} s")
    print(f"  pyvmomi, one bulk call, dicts        {median['pyvmomi']:6.3f} s")
    print(f"  hvlib is {median['pyvmomi'] / median['hvlib']:.1f} times faster (goal: 5)")


def stream(port: int) -> None:
    """List page by page and keep nothing. Print this process's peak memory in KB."""
    with provider(port) as connected:
        count = sum(len(page.items) for page in connected.compute.vms.get_all(fields=FIELDS).pages())
    print(json.dumps({"vms": count, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))


def peak(vms: int) -> int:
    with served(vms) as port:
        command = [sys.executable, __file__, "--stream", str(port)]
        answer = json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)
    assert answer["vms"] == vms
    return int(answer["peak"])


def compare_memory() -> None:
    one_page = statistics.median(peak(PAGE) for _ in range(3))
    all_pages = statistics.median(peak(VMS) for _ in range(3))
    print(f"peak memory, streaming pages of {PAGE:,}")
    print(f"  over {PAGE:6,} VMs                      {one_page / 1024:6.1f} MB")
    print(f"  over {VMS:6,} VMs                      {all_pages / 1024:6.1f} MB")
    print(f"  {all_pages / one_page:.2f} times as much (goal: less than 1.3)")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--stream", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.stream:
        stream(arguments.stream)
    else:
        compare_memory()  # First: the peak of a process includes the memory of the process it was forked from.
        compare()


if __name__ == "__main__":
    main()
