"""Listing 10,000 VMs of a XenServer or XCP-ng pool: hvlib over JSON-RPC and over XML-RPC against the XenAPI package.

Replies are made up beforehand, with all 92 fields of each VM and values as long as real ones. They are served from the
memory of another process over HTTP, so that the clients are measured and not a server. Every run is a separate process,
which connects, logs in, and lists once. Figures are medians of several runs; only their ratios matter. The XenAPI
package is installed into a temporary folder.

    python benchmarks/xenapi_listing.py
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import importlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from hvlib_xapi_simulator import json_rpc, xml_rpc
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Row
from hvlib_xapi_simulator.records import blank

VMS = 10_000
RUNS = 5
OFFICIAL = "XenAPI==26.21.1"

FIELDS = ["uuid", "name_label", "description", "tags", "power_state", "vcpus", "memory_bytes", "host", "cluster"]
"""Fields from the VM's own record, which need no join."""

OPERATIONS = [
    "changing_dynamic_range", "migrate_send", "pool_migrate", "changing_VCPUs_live", "suspend", "hard_reboot",
    "hard_shutdown", "clean_reboot", "clean_shutdown", "pause", "checkpoint", "snapshot",
]  # fmt: skip
LIMITS = (
    '<restriction field="memory-static-max" max="1649267441664"/><restriction field="vcpus-max" max="64"/>'
    '<restriction field="has-vendor-device" value="false"/><restriction field="allow-gpu-passthrough" value="1"/>'
    '<restriction field="allow-vgpu" value="1"/><restriction field="allow-network-sriov" value="1"/>'
    '<restriction field="supports-bios" value="yes"/><restriction field="supports-uefi" value="yes"/>'
    '<restriction field="supports-secure-boot" value="yes"/><restriction max="255" property="number-of-vbds"/>'
    '<restriction max="7" property="number-of-vifs"/>'
)
FIRMWARE = {
    "bios-vendor": "Xen", "bios-version": "", "system-manufacturer": "Xen", "system-product-name": "HVM domU",
    "system-version": "", "system-serial-number": "", "baseboard-manufacturer": "", "baseboard-product-name": "",
    "baseboard-version": "", "baseboard-serial-number": "", "baseboard-asset-tag": "",
    "baseboard-location-in-chassis": "", "enclosure-asset-tag": "", "hp-rombios": "", "oem-1": "Xen",
    "oem-2": "MS_VM_CERT/SHA1/bdbeb6e0a816d43fa6d3fe8aaef04c2bad9d3e3d",
}  # fmt: skip
PLATFORM = {
    "acpi": "1", "apic": "true", "pae": "true", "nx": "true", "viridian": "false", "timeoffset": "0", "vga": "std",
    "videoram": "8", "hpet": "true", "secureboot": "false", "cores-per-socket": "2", "device_id": "0001",
    "device-model": "qemu-upstream-uefi",
}  # fmt: skip
CPU = "1fcbfbff-f7fa3223-2d93fbff-00000023-00000001-000007ab-00000000-00000000-00001000-9c000400-00000000"


def reference(cls: str, number: int) -> str:
    return f"OpaqueRef:{uuid.uuid5(uuid.NAMESPACE_OID, f'{cls}/{number}')}"


def vm_record(number: int) -> dict[str, Any]:
    memory = (1 + number % 4) * 2**30
    own = str(uuid.uuid5(uuid.NAMESPACE_OID, f"uuid/{number}"))
    return blank(
        CLASSES["VM"],
        uuid=own,
        name_label=f"prod-application-{number:05}",
        name_description=f"Application server {number:05} of the production environment",
        power_state="Running",
        allowed_operations=OPERATIONS,
        tags=["production", f"team-{number % 20}"],
        resident_on=reference("host", number % 100),
        affinity=reference("host", number % 100),
        memory_overhead=22 * 2**20,
        memory_target=memory,
        memory_static_max=memory,
        memory_dynamic_max=memory,
        memory_dynamic_min=memory,
        memory_static_min=2**29,
        VCPUs_params={"weight": "256", "cap": "0"},
        VCPUs_max=4,
        VCPUs_at_startup=4,
        actions_after_shutdown="destroy",
        actions_after_reboot="restart",
        actions_after_crash="restart",
        consoles=[reference("console", number)],
        VIFs=[reference("VIF", number), reference("VIF", VMS + number)],
        VBDs=[reference("VBD", number), reference("VBD", VMS + number), reference("VBD", 2 * VMS + number)],
        HVM_boot_policy="BIOS order",
        HVM_boot_params={"order": "cdn", "firmware": "uefi"},
        platform=PLATFORM,
        other_config={
            "mac_seed": str(uuid.uuid5(uuid.NAMESPACE_OID, f"mac/{number}")),
            "base_template_name": "Debian Bookworm 12",
            "install-methods": "cdrom,nfs,http,ftp",
            "linux_template": "true",
            "import_task": reference("task", number),
            "auto_poweron": "true",
        },
        domid=number % 500 + 1,
        domarch="x64",
        last_boot_CPU_flags={"vendor": "GenuineIntel", "features": CPU},
        metrics=reference("VM_metrics", number),
        guest_metrics=reference("VM_guest_metrics", number),
        recommendations=f"<restrictions>{LIMITS}</restrictions>",
        xenstore_data={"vm-data": "", "vm-data/mmio-hole-size": "268435456"},
        bios_strings=FIRMWARE,
        generation_id=f"{number:019}:{number + 1:019}",
        has_vendor_device=False,
        reference_label="debian-12",
        domain_type="hvm",
    )


def replies(vms: int) -> dict[str, Any]:
    """Return the results of the messages, by the message's name."""
    master = reference("host", 0)
    version = {"product_brand": "XCP-ng", "product_version": "8.3.0"}
    host = blank(CLASSES["host"], address="127.0.0.1", software_version=version, API_version_major=2)
    listing = {reference("VM", number): Row(vm_record(number), 0, 0) for number in range(vms)}
    return {
        "session.login_with_password": reference("session", 0),
        "session.logout": "",
        "pool.get_all_records": {reference("pool", 0): blank(CLASSES["pool"], name_label="made up", master=master)},
        "host.get_all_records": {master: host},
        "VM.get_all_records": listing,
        "VM.get_all_records_where": listing,
    }


class Bodies:
    """The replies in JSON-RPC and in XML-RPC."""

    def __init__(self, vms: int) -> None:
        results = replies(vms)
        self.json = {
            name: json_rpc.reply(json_rpc.Call(2, 1, name, []), result=value) for name, value in results.items()
        }
        self.xml = {name: xml_rpc.reply(name, result=value) for name, value in results.items()}


class Handler(BaseHTTPRequestHandler):
    """Answers requests from memory."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    paths: Mapping[str, Mapping[str, bytes]]

    def do_POST(self) -> None:
        """Send the reply to the message that the request names."""
        request = self.rfile.read(int(self.headers["Content-Length"]))
        bodies = self.paths.get(self.path)
        named = re.search(rb'"method":"([\w.]+)"|<methodName>([\w.]+)<', request)
        if bodies is None or named is None:
            self.answer(b"", 404)
        else:
            self.answer(bodies[(named[1] or named[2]).decode()], 200)

    def answer(self, body: bytes, status: int) -> None:
        """Send a reply, and keep the connection."""
        self.send_response(status)
        self.send_header("Content-Type", "text/xml" if self.path == "/RPC2" else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def serve(vms: int) -> None:
    """Serve until standard input ends: both protocols at the first port, only XML-RPC at the second."""
    bodies = Bodies(vms)
    both = type("Both", (Handler,), {"paths": {"/jsonrpc": bodies.json, "/RPC2": bodies.xml}})
    xml = type("XMLOnly", (Handler,), {"paths": {"/RPC2": bodies.xml}})
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (both, xml)]
    for server in servers:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
    print(*[server.server_port for server in servers], flush=True)
    sys.stdin.read()


@contextlib.contextmanager
def served(vms: int) -> Iterator[list[int]]:
    command = [sys.executable, __file__, "--serve", str(vms)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield [int(port) for port in server.stdout.readline().split()]
        finally:
            server.kill()


@contextlib.contextmanager
def with_hvlib(port: int) -> Iterator[Callable[[], Any]]:
    """Connect hvlib, and yield a function that lists VM objects."""
    hvlib: Any = importlib.import_module("hvlib")
    with hvlib.connect(f"xenapi+http://user@127.0.0.1:{port}", password="none") as provider:
        yield lambda: provider.compute.vms.get_all(fields=FIELDS).all()


@contextlib.contextmanager
def with_xenapi(port: int) -> Iterator[Callable[[], Any]]:
    """Connect XenAPI, and yield a function that lists dicts. All numbers in these are text."""
    session = importlib.import_module("XenAPI").Session(f"http://127.0.0.1:{port}")
    session.login_with_password("user", "none", "1.0", "benchmark")
    yield session.xenapi.VM.get_all_records
    session.xenapi.session.logout()


@contextlib.contextmanager
def raw(port: int, path: str, body: str) -> Iterator[Callable[[], Any]]:
    """Connect, and yield a function that reads the bytes of the reply."""
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.connect()

    def read() -> bytes:
        connection.request("POST", path, body)
        return connection.getresponse().read()

    yield read
    connection.close()


JSON_CALL = '{"method":"VM.get_all_records"}'
XML_CALL = "<methodName>VM.get_all_records</methodName>"

Way = Callable[[int], contextlib.AbstractContextManager[Callable[[], Any]]]

WAYS: Mapping[str, tuple[str, int, Way]] = {
    "json": ("bytes only, JSON", 0, lambda port: raw(port, "/jsonrpc", JSON_CALL)),
    "xml": ("bytes only, XML", 0, lambda port: raw(port, "/RPC2", XML_CALL)),
    "hvlib-json": ("hvlib, JSON-RPC, VM objects", 0, with_hvlib),
    "hvlib-xml": ("hvlib, XML-RPC, VM objects", 1, with_hvlib),
    "xenapi": ("XenAPI, XML-RPC, dicts", 0, with_xenapi),
}
"""The clients: a title, the index of the server's port, and a context that connects and yields a listing function."""


def kilobytes() -> int:
    """Return this process's peak memory in KB."""
    match = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match
    return int(match[1])


def measure(name: str, port: int) -> None:
    """List once. Print the seconds, and the memory before and at the peak."""
    with WAYS[name][2](port) as work:
        before, start = kilobytes(), time.perf_counter()
        rows = work()
        seconds = time.perf_counter() - start
    print(json.dumps({"seconds": seconds, "length": len(rows), "before": before, "peak": kilobytes()}))


def run(name: str, port: int, folder: str) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", name, str(port)]
    environment = {**os.environ, "PYTHONPATH": folder}
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    figures: dict[str, float] = json.loads(done.stdout)
    assert figures["length"] >= VMS, figures
    return figures


def compare(folder: str) -> None:
    with served(VMS) as ports:
        runs = [{name: run(name, ports[way[1]], folder) for name, way in WAYS.items()} for _ in range(RUNS)]

    def median(name: str, figure: str) -> float:
        return statistics.median(run[name][figure] for run in runs)

    sizes = [f"{median(name, 'length') / 1e6:.1f} MB {name.upper()}" for name in ("json", "xml")]
    print(f"{VMS:,} VMs, {len(CLASSES['VM'].fields)} fields, {', '.join(sizes)}; medians of {RUNS} processes each")
    print(f"  {'':30} {'seconds':>8} {'speed to XenAPI':>16} {'peak memory':>12} {'growth':>10}")
    slowest = median("xenapi", "seconds")
    for name, (title, _, _) in WAYS.items():
        seconds, peak = median(name, "seconds"), median(name, "peak") / 1024
        growth = peak - median(name, "before") / 1024
        print(f"  {title:30} {seconds:8.3f} {slowest / seconds:16.1f} {peak:9.1f} MB {growth:7.1f} MB")
    print("  goals for hvlib: JSON-RPC 30 times as fast, below 150 MB; XML-RPC 2 times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--serve", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
    elif arguments.measure:
        measure(arguments.measure[0], int(arguments.measure[1]))
    else:
        with tempfile.TemporaryDirectory() as folder:
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            subprocess.run([*pip, "--target", folder, OFFICIAL], check=True)
            compare(folder)


if __name__ == "__main__":
    main()
