"""Clients of OpenStack. Each lists all servers of the region that the variables OS_* name.

Each client runs in a separate process, which connects, logs in, and lists once:

    python benchmarks/openstack_clients.py sdk
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

MICROVERSION = "2.98"
"""The microversion that hvlib requests, and every other client that supports microversions."""

FOREIGN = ("OS_", "HVLIB_")
"""Prefixes of the variables that configure clients for other clouds."""

Listing = Callable[[], Iterable[Any]]

Way = Callable[[], contextlib.AbstractContextManager[Listing]]
"""A context that connects, logs in, and yields a function that lists."""


class Client(NamedTuple):
    """A client, and what is done with the servers: all are kept in a list, or each is dropped when it was read."""

    title: str
    way: Way
    kept: bool = True


class Figures(NamedTuple):
    """The figures of one listing.

    | seconds, cpu: elapsed time, and the client's processor time
    | before, peak: memory in MB after the login, and the peak of the whole process
    """

    seconds: float
    cpu: float
    servers: int
    before: float
    peak: float


@contextlib.contextmanager
def hvlib_vms(*without: str) -> Iterator[Listing]:
    """List VM objects of hvlib."""
    hvlib: Any = importlib.import_module("hvlib")
    variables = os.environ
    names = ("auth_url", "project_name", "user_domain_name", "project_domain_name", "region_name")
    options = {name: variables[f"OS_{name.upper()}"] for name in names}
    with hvlib.connect(
        "openstack://", username=variables["OS_USERNAME"], password=variables["OS_PASSWORD"], **options
    ) as provider:
        vms = provider.compute.vms
        fields = vms.fields.difference(without)
        yield lambda: vms.get_all(fields=fields)


def sdk_connection() -> Any:
    warnings.simplefilter("ignore")  # The SDK's own code causes warnings.
    region = importlib.import_module("openstack").connect(load_yaml_config=False)
    region.authorize()
    return region


@contextlib.contextmanager
def session_records() -> Iterator[Listing]:
    """List dicts: pages that the SDK's session fetches, parsed only."""
    with sdk_connection() as region:
        url = f"{region.compute.get_endpoint()}/servers/detail"
        yield lambda: follow_pages(region.session, url)


def follow_pages(session: Any, url: str | None) -> Iterator[Mapping[str, Any]]:
    headers = {"OpenStack-API-Version": f"compute {MICROVERSION}"}
    while url is not None:
        page = json.loads(session.get(url, headers=headers).content)
        yield from page["servers"]
        url = next((link["href"] for link in page.get("servers_links", []) if link["rel"] == "next"), None)


@contextlib.contextmanager
def sdk_servers() -> Iterator[Listing]:
    """List the SDK's server objects."""
    with sdk_connection() as region:
        yield lambda: region.compute.servers(details=True)


@contextlib.contextmanager
def libcloud_nodes() -> Iterator[Listing]:
    """List libcloud's node objects."""
    providers = importlib.import_module("libcloud.compute.providers")
    variables = os.environ
    nova = providers.get_driver("openstack")(
        variables["OS_USERNAME"],
        variables["OS_PASSWORD"],
        api_version="2.0",  # This version follows links. The default one lists only the first page.
        ex_tenant_name=variables["OS_PROJECT_NAME"],
        ex_force_auth_url=variables["OS_AUTH_URL"].removesuffix("/v3"),
        ex_domain_name=variables["OS_USER_DOMAIN_NAME"],
        ex_force_auth_version="3.x_password",
        ex_force_service_region=variables["OS_REGION_NAME"],
    )
    nova.connection.get_service_catalog()  # logs in
    yield nova.list_nodes


CLIENTS = {
    "hvlib": Client("hvlib, VM objects", hvlib_vms),
    "hvlib-own": Client("hvlib, VM objects without networks", lambda: hvlib_vms("networks")),
    "hvlib-streamed": Client("hvlib, streamed", hvlib_vms, kept=False),
    "hvlib-own-streamed": Client("hvlib, streamed, without networks", lambda: hvlib_vms("networks"), kept=False),
    "session": Client("the SDK's session and json, dicts", session_records),
    "sdk": Client("openstacksdk, Server objects", sdk_servers),
    "libcloud": Client("libcloud, Node objects", libcloud_nodes),
}


def run(command: Sequence[str], variables: Mapping[str, str]) -> Figures:
    """Run a client's process, and return its figures. It gets the variables of this cloud only, and no proxy."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    environment = {**inherited, **variables, "no_proxy": "*", "NO_PROXY": "*"}
    done = subprocess.run(command, stdout=subprocess.PIPE, env=environment, check=True)
    return Figures(**json.loads(done.stdout))


def run_client(name: str, variables: Mapping[str, str]) -> Figures:
    """Measure one of `CLIENTS`."""
    return run([sys.executable, __file__, name], variables)


def megabytes(name: str) -> float:
    """Return a figure of this process's memory from /proc, in MB."""
    match = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert match
    return int(match[1]) / 1024


def measure(client: Client) -> Figures:
    """List once, and return the figures."""
    with client.way() as listing:
        before, start, cpu = megabytes("VmRSS"), time.perf_counter(), time.process_time()
        count = len(list(listing())) if client.kept else sum(1 for _ in listing())
        seconds, cpu = time.perf_counter() - start, time.process_time() - cpu
        return Figures(seconds, cpu, count, before, megabytes("VmHWM"))


if __name__ == "__main__":
    print(json.dumps(measure(CLIENTS[sys.argv[1]])._asdict()))
