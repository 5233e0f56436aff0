"""A region, administered through its services' own APIs."""

from __future__ import annotations

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid5

from drivers.openstack.counting_wire import RegionWire
from drivers.openstack.records import (
    Fields,
    Row,
    cluster_fields,
    flavor_fields,
    host_fields,
    image_fields,
    is_snapshot,
    network_fields,
    pool_fields,
    snapshot_fields,
    vm_fields,
    volume_fields,
)
from servers.openstack.openstack import OpenStack
from servers.openstack.projects import PROJECTS, REGION

import hvlib
from hvlib.conformance import Site, Wire
from hvlib.model.resources import (
    VM,
    Cluster,
    Flavor,
    Host,
    Image,
    Network,
    PowerState,
    Resource,
    Snapshot,
    StoragePool,
    Volume,
)

__all__ = ["OpenStackSite"]

CLOUDS = "OS_CLIENT_CONFIG_FILE"
INTERVALS = {"poll_interval": 0.2, "sweep_interval": 1.0}
"""Short intervals: the suite waits for the effect of each change."""

NEWEST = "compute 2.98,volume 3.63"
WITH_SIZES = "compute 2.87,volume 3.63"
"""In later microversions nova does not show a hypervisor's size."""

ACTIONS = {"running": ("os-start", "active"), "halted": ("os-stop", "stopped")}

Records = Mapping[str, Fields]


class OpenStackSite(Site):
    """The project ``admin`` of a region. The site has its own clouds.yaml, with a cloud for each wire.

    The SDK finds that file by the process's environment, where the variable named in CLOUDS must hold its path.
    """

    unverified = {
        "VM.revert": "nova's rebuild restores the disk: size and power state stay as they are",
        "cancel": "nova can cancel only live migrations",
        "Task": "OpenStack lists no operations across servers",
        "idle watch": "nova reports changes only when it is asked",
        "leftovers": "the server does not hold tokens",
        "lose_cursors": "a region remembers deleted servers until its administrator archives them",
        "make_image": "a server can't become an image",
        "snapshots": "nova's snapshots are images, which outlive their server",
        "make_vm": "an image can't become a server",
    }

    patience = 120.0
    examples = 3

    def __init__(self, server: OpenStack, clouds: Path) -> None:
        """``clouds``: the path at which the site writes its clouds.yaml."""
        self.server = server
        self.admin = server.administrator()
        self._file = clouds
        self._clouds: dict[str, Any] = {}
        self._uuid = self._provider_uuid()
        self._add_cloud("admin", server.addresses)

    @property
    def url(self) -> str:
        return self._url("admin")

    @property
    def options(self) -> Mapping[str, Any]:
        return {"password": self.server.estate.passwords["admin"]}

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.server.addresses["keystone"])
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    @property
    def environment(self) -> Mapping[str, str]:
        return {**super().environment, CLOUDS: str(self._file)}

    def wire(self) -> Wire:
        return RegionWire(self.server.addresses)

    def connect(self, wire: Wire | None = None, **options: Any) -> hvlib.Provider:
        url = self.url if wire is None else self._url(self._cloud_over(wire))
        return hvlib.connect(url, **{**self.options, **options})

    def truth(self, kind: type[Resource]) -> Records:
        readers = {
            VM: self._vms,
            Host: self._hosts,
            Cluster: self._clusters,
            Snapshot: self._snapshots,
            Flavor: self._flavors,
            Network: self._networks,
            StoragePool: self._storage_pools,
            Volume: self._volumes,
            Image: self._images,
        }
        return readers[kind]()

    def create_vm(self, name_label: str) -> str:
        return self.server.copy_server(name_label)

    def delete_vm(self, id: str) -> None:
        self.server.wait_until_idle(id)  # Nova does not delete a server that it is moving, or deletes it already.
        if self.server.vm_state(id) != "deleted":
            self.admin.call("nova", "DELETE", f"/v2.1/servers/{id}")
        self.server.wait_for_server(id, "deleted")

    def rename_vm(self, id: str, name_label: str) -> None:
        self.server.rename_server(id, name_label)

    def set_power(self, id: str, state: PowerState) -> None:
        action, vm_state = ACTIONS[state]
        if self.server.vm_state(id) != vm_state:
            self.admin.call("nova", "POST", f"/v2.1/servers/{id}/action", {action: None})
        self.server.wait_for_server(id, vm_state)

    def log(self) -> Sequence[Hashable]:
        """The changing requests to all services, apart from logins."""
        return [request for request in self.server.changes() if not request.startswith("keystone")]

    def last_boot(self, id: str) -> object:
        """How often the server's guest has booted."""
        return self.server.guests().count((id, "boot"))

    def guest_requests(self, id: str) -> Mapping[str, int]:
        return Counter(request for server, request in self.server.guests() if server == id and request != "boot")

    def user_data(self, id: str) -> str | None:
        found = self.admin.server(id)["OS-EXT-SRV-ATTR:user_data"]
        return None if found is None else b64decode(found).decode()

    def expire_sessions(self) -> None:
        self.server.expire_tokens()

    def restart(self) -> None:
        self.server.restart()

    def _url(self, cloud: str) -> str:
        return f"openstack://{cloud}?{urlencode(INTERVALS)}"

    def _cloud_over(self, wire: Wire) -> str:
        """The name of a cloud whose services are all reached through the wire, whatever the catalogue says."""
        assert wire.address is not None
        name = "wire-{1}".format(*wire.address)
        at = "http://{}:{}".format(*wire.address)
        services = wire.services if isinstance(wire, RegionWire) else {each.name: at for each in PROJECTS}
        self._add_cloud(name, services)  # Each time: a closed wire may have had this port, and other ports too.
        return name

    def _add_cloud(self, name: str, services: Mapping[str, str]) -> None:
        ids = {"project_id": self.server.estate.projects["admin"]}
        overrides = {
            f"{each.type.replace('-', '_')}_endpoint_override": services[each.name] + each.path % ids
            for each in PROJECTS
        }
        auth = {
            "auth_url": f"{services['keystone']}/v3",
            "username": "admin",
            "project_name": "admin",
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }
        self._clouds[name] = {"auth": auth, "region_name": REGION, **(overrides if name != "admin" else {})}
        self._file.write_text(json.dumps({"clouds": self._clouds}))  # JSON is YAML too

    def _provider_uuid(self) -> UUID:
        """The provider's uuid, made of the compute service's identifier and the region."""
        catalogue = self.admin.call("keystone", "GET", "/v3/auth/catalog")["catalog"]
        [compute] = [service["id"] for service in catalogue if service["type"] == "compute"]
        return uuid5(UUID(compute), REGION)

    def _nova(self, path: str, versions: str = NEWEST) -> Any:
        return self.admin.call("nova", "GET", f"/v2.1/{path}", versions=versions)

    def _neutron(self, kind: str) -> list[Row]:
        found: list[Row] = self.admin.call("neutron", "GET", f"/v2.0/{kind}")[kind]
        return found

    def _cinder(self, path: str) -> Any:
        return self.admin.call("cinder", "GET", f"/v3/{path}", versions=NEWEST)

    def _vms(self) -> Records:
        ports = self._neutron("ports")
        return {row["id"]: vm_fields(row, ports) for row in self._nova("servers/detail")["servers"]}

    def _hypervisors(self) -> list[Row]:
        found: list[Row] = self._nova("os-hypervisors/detail", WITH_SIZES)["hypervisors"]
        return found

    def _aggregates(self) -> list[Row]:
        found: list[Row] = self._nova("os-aggregates")["aggregates"]
        return found

    def _hosts(self) -> Records:
        aggregates = self._aggregates()
        return {row["hypervisor_hostname"]: host_fields(row, aggregates) for row in self._hypervisors()}

    def _clusters(self) -> Records:
        hosts = self._hypervisors()
        return {str(row["id"]): cluster_fields(row, hosts) for row in self._aggregates()}

    def _flavors(self) -> Records:
        rows = self._nova("flavors/detail?is_public=None")["flavors"]
        return {row["name"]: flavor_fields(row, self._uuid) for row in rows}

    def _networks(self) -> Records:
        subnets = self._neutron("subnets")
        return {row["id"]: network_fields(row, subnets) for row in self._neutron("networks")}

    def _storage_pools(self) -> Records:
        pools = self._cinder("scheduler-stats/get_pools?detail=true")["pools"]
        return {row["id"]: pool_fields(row, pools) for row in self._cinder("types?is_public=None")["volume_types"]}

    def _volumes(self) -> Records:
        return {row["id"]: volume_fields(row) for row in self._cinder("volumes/detail")["volumes"]}

    def _all_images(self) -> list[Row]:
        found: list[Row] = self.admin.call("glance", "GET", "/v2/images?limit=1000")["images"]
        return found

    def _images(self) -> Records:
        return {row["id"]: image_fields(row) for row in self._all_images() if not is_snapshot(row)}

    def _snapshots(self) -> Records:
        return {row["id"]: snapshot_fields(row) for row in self._all_images() if is_snapshot(row)}
