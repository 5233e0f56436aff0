"""Filling a new region, through the services' own APIs, as an administrator would."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from servers.openstack.administrator import Administrator
from servers.openstack.estate import Estate
from servers.openstack.projects import HOSTS, SERVICES_USER
from servers.openstack.settings import Settings

__all__ = ["seed"]

ROLES = {"admin": "admin", "member": "member"}
"""The projects. Each has a user of the same name, with this role in it."""

FLAVORS: tuple[dict[str, Any], ...] = (
    {"id": "1", "name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1},
    {"id": "2", "name": "m1.small", "vcpus": 2, "ram": 2048, "disk": 10},
    {"name": "c1.large", "vcpus": 4, "ram": 4096, "disk": 20, "description": "for compilers"},  # nova makes a uuid
)
IMAGE = {"name": "tiny-linux", "disk_format": "raw", "container_format": "bare", "os_distro": "alpine"}
OTHER_IMAGE = {
    "name": "old-linux",
    "disk_format": "raw",
    "container_format": "bare",
    "os_type": "linux",
    "tags": ["old", "linux"],
}
IMAGE_BYTES = 64 * 1024
NETWORK = {"name": "net-1", "shared": True}
OTHER_NETWORK = {
    "name": "net-2",
    "description": "for storage",
    "provider:network_type": "vlan",
    "provider:physical_network": "physnet1",
    "provider:segmentation_id": 12,
}
VOLUME_TYPE = {"name": "fast", "description": "of one backend", "extra_specs": {"volume_backend_name": "fast"}}
STOPPED = 4  # every fourth server is stopped
MEMBERS_SERVERS = ("member-1", "member-2")
THREADS = 4


def seed(settings: Settings, servers: Sequence[str]) -> Estate:
    """Fill a new region, with servers of these names in the project ``admin``."""
    projects, passwords = _make_projects(Administrator(settings, "service"))
    administrator, member = (Administrator(settings, project) for project in ROLES)
    flavors = {flavor["name"]: _make_flavor(administrator, flavor) for flavor in FLAVORS}
    image, network = _make_image(administrator, IMAGE), _make_network(administrator, NETWORK, "10.1.0.0/16")
    _make_image(administrator, OTHER_IMAGE)
    other = _make_network(administrator, OTHER_NETWORK, "10.2.0.0/16")
    administrator.call("neutron", "PUT", f"/v2.0/networks/{other}/tags", {"tags": ["vlan", "storage"]})
    estate = Estate(projects, passwords, flavors, image, network)
    _make_aggregate(administrator, {"name": "zone-1", "availability_zone": "zone-1"}, HOSTS[1:])
    _make_aggregate(administrator, {"name": "rack-1"}, HOSTS)
    _make_servers(administrator, estate, servers)
    _make_servers(member, estate, MEMBERS_SERVERS)
    first = _describe_first_server(administrator)
    _make_volumes(administrator, estate, first)
    _make_snapshot(administrator, first)
    return estate


def _make_projects(administrator: Administrator) -> tuple[dict[str, str], dict[str, str]]:
    """Make the projects, each with a user. The administrator gets the role ``admin`` in each.

    Returns the projects' identifiers, and the users' passwords.
    """

    def make(kind: str, **fields: Any) -> str:
        return str(administrator.call("keystone", "POST", f"/v3/{kind}s", {kind: fields})[kind]["id"])

    roles = {role["name"]: role["id"] for role in administrator.call("keystone", "GET", "/v3/roles")["roles"]}
    (services,) = administrator.call("keystone", "GET", f"/v3/users?name={SERVICES_USER}")["users"]
    projects, passwords = {}, {}
    for name, role in ROLES.items():
        passwords[name] = secrets.token_urlsafe(12)
        projects[name] = make("project", name=name, domain_id="default")
        user = make("user", name=name, domain_id="default", password=passwords[name])
        for id, granted in ((user, role), (services["id"], "admin")):
            administrator.call("keystone", "PUT", f"/v3/projects/{projects[name]}/users/{id}/roles/{roles[granted]}")
    return projects, passwords


def _make_flavor(administrator: Administrator, flavor: dict[str, Any]) -> str:
    return str(administrator.call("nova", "POST", "/v2.1/flavors", {"flavor": flavor})["flavor"]["id"])


def _make_image(administrator: Administrator, image: dict[str, Any]) -> str:
    id = administrator.call("glance", "POST", "/v2/images", {**image, "visibility": "public"})["id"]
    administrator.call("glance", "PUT", f"/v2/images/{id}/file", bytes(IMAGE_BYTES))
    return str(id)


def _make_network(administrator: Administrator, network: dict[str, Any], cidr: str) -> str:
    id = administrator.call("neutron", "POST", "/v2.0/networks", {"network": network})["network"]["id"]
    subnet = {"name": f"subnet of {network['name']}", "network_id": id, "ip_version": 4, "cidr": cidr}
    administrator.call("neutron", "POST", "/v2.0/subnets", {"subnet": subnet})
    return str(id)


def _make_aggregate(administrator: Administrator, aggregate: dict[str, Any], hosts: Sequence[str]) -> None:
    made = administrator.call("nova", "POST", "/v2.1/os-aggregates", {"aggregate": aggregate})
    path = f"/v2.1/os-aggregates/{made['aggregate']['id']}/action"
    for host in hosts:
        administrator.call("nova", "POST", path, {"add_host": {"host": host}})


def _make_servers(administrator: Administrator, estate: Estate, names: Sequence[str]) -> None:
    flavors = list(estate.flavors.values())

    def make(number: int, name: str) -> None:
        server = administrator.create_server(name, **{**estate.server, "flavorRef": flavors[number % len(flavors)]})
        if number % STOPPED == STOPPED - 1:
            administrator.act(server, "os-stop", "SHUTOFF")

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(make, range(len(names)), names))


def _describe_first_server(administrator: Administrator) -> str:
    """Give the first server by name a description and tags. Return its identifier."""
    (server, *_) = sorted(administrator.servers(), key=lambda server: str(server["name"]))
    path = f"/v2.1/servers/{server['id']}"
    administrator.call("nova", "PUT", path, {"server": {"description": "the first one"}})
    administrator.call("nova", "PUT", f"{path}/tags", {"tags": ["web", "blue"]})
    return str(server["id"])


def _make_volumes(administrator: Administrator, estate: Estate, server: str) -> None:
    """Make two volumes that are not attached, one that can be booted from, and one attached to the server."""
    administrator.call("cinder", "POST", "/v3/types", {"volume_type": VOLUME_TYPE})
    administrator.create_volume("spare-1")
    administrator.create_volume("spare-2", volume_type="fast", description="kept for later")
    administrator.create_volume("bootable", imageRef=estate.image)
    administrator.attach_volume(server, administrator.create_volume("data", volume_type="fast"))


def _make_snapshot(administrator: Administrator, server: str) -> None:
    administrator.call("nova", "POST", f"/v2.1/servers/{server}/action", {"createImage": {"name": "kept"}})
    administrator.wait_for_image("kept")
