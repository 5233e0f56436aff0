"""What a new region holds: made through the services' own APIs, as an administrator would."""

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
"""The role of the user in the project, who has its name."""

FLAVORS: tuple[dict[str, Any], ...] = (
    {"id": "1", "name": "m1.tiny", "vcpus": 1, "ram": 512, "disk": 1},
    {"id": "2", "name": "m1.small", "vcpus": 2, "ram": 2048, "disk": 10},
    {"name": "c1.large", "vcpus": 4, "ram": 4096, "disk": 20},  # nova draws a uuid
)
IMAGE = {"name": "tiny-linux", "disk_format": "raw", "container_format": "bare", "os_distro": "alpine"}
IMAGE_BYTES = 64 * 1024
STOPPED = 4  # every fourth
MEMBERS_SERVERS = ("member-1", "member-2")
THREADS = 4


def seed(settings: Settings, servers: Sequence[str]) -> Estate:
    """Fill a new region, with servers of these names."""
    projects, passwords = _make_projects(Administrator(settings, "service"))
    administrator, member = (Administrator(settings, project) for project in ROLES)
    flavors = {flavor["name"]: _make_flavor(administrator, flavor) for flavor in FLAVORS}
    image, network = _make_image(administrator), _make_network(administrator)
    estate = Estate(projects, passwords, flavors, image, network)
    _make_aggregate(administrator)
    _make_servers(administrator, estate, servers)
    _make_servers(member, estate, MEMBERS_SERVERS)
    return estate


def _make_projects(administrator: Administrator) -> tuple[dict[str, str], dict[str, str]]:
    """Make the projects, each with a user; the administrator may do all in each.

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
        for who, what in ((user, role), (services["id"], "admin")):
            administrator.call("keystone", "PUT", f"/v3/projects/{projects[name]}/users/{who}/roles/{roles[what]}")
    return projects, passwords


def _make_flavor(administrator: Administrator, flavor: dict[str, Any]) -> str:
    return str(administrator.call("nova", "POST", "/v2.1/flavors", {"flavor": flavor})["flavor"]["id"])


def _make_image(administrator: Administrator) -> str:
    id = administrator.call("glance", "POST", "/v2/images", {**IMAGE, "visibility": "public"})["id"]
    administrator.call("glance", "PUT", f"/v2/images/{id}/file", bytes(IMAGE_BYTES))
    return str(id)


def _make_network(administrator: Administrator) -> str:
    network = {"name": "net-1", "shared": True}
    id = administrator.call("neutron", "POST", "/v2.0/networks", {"network": network})["network"]["id"]
    subnet = {"name": "subnet-1", "network_id": id, "ip_version": 4, "cidr": "10.1.0.0/16"}
    administrator.call("neutron", "POST", "/v2.0/subnets", {"subnet": subnet})
    return str(id)


def _make_aggregate(administrator: Administrator) -> None:
    """Without an availability zone, which hosts that have servers may not enter."""
    made = administrator.call("nova", "POST", "/v2.1/os-aggregates", {"aggregate": {"name": "rack-1"}})
    path = f"/v2.1/os-aggregates/{made['aggregate']['id']}/action"
    for host in HOSTS:
        administrator.call("nova", "POST", path, {"add_host": {"host": host}})


def _make_servers(administrator: Administrator, estate: Estate, names: Sequence[str]) -> None:
    flavors = list(estate.flavors.values())

    def make(number: int, name: str) -> None:
        server = administrator.create_server(name, **{**estate.server, "flavorRef": flavors[number % len(flavors)]})
        if number % STOPPED == STOPPED - 1:
            administrator.act(server, "os-stop", "SHUTOFF")

    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(make, range(len(names)), names))
