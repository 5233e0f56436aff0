"""Virtual machines: nova's servers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

import msgspec
from msgspec import field

from hvlib.driver import Done, Started, Steps, action, steps
from hvlib.driver.table import Field, Joined, RefsTo, RefTo, Table
from hvlib.model import actions
from hvlib.model.errors import InvalidState
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Flavor, Host, Image, Network, PowerState, Volume
from hvlib_openstack.adapter import PAGE_SIZE
from hvlib_openstack.cells import check_cell
from hvlib_openstack.counted_adapter import CountedAdapter
from hvlib_openstack.joins import NETWORKS
from hvlib_openstack.operations.attachment import attach_port, attach_volume, detach_ports, detach_volume
from hvlib_openstack.operations.cloning import clone_server
from hvlib_openstack.operations.confirmation import move_and_confirm
from hvlib_openstack.operations.creation import create_server
from hvlib_openstack.operations.flavor_choice import check_size, wanted_size
from hvlib_openstack.operations.migration import migrate_server
from hvlib_openstack.operations.operation import act_on_server, stop_server
from hvlib_openstack.operations.removal import remove_server
from hvlib_openstack.operations.server_outcome import status_of
from hvlib_openstack.operations.snapshotting import revert_server, take_snapshot
from hvlib_openstack.paging import CollectionPage
from hvlib_openstack.scope import count_servers, readable_scope, server_scope
from hvlib_openstack.values import mebibytes, moment, ordered, text
from hvlib_openstack.version import Version
from hvlib_openstack.wire.collection import Collection
from hvlib_openstack.wire.service import Parameters

__all__ = ["VMs"]

STATUSES: Mapping[str, PowerState] = {
    "ACTIVE": "running",
    "PAUSED": "paused",
    "SUSPENDED": "suspended",
    "SHUTOFF": "halted",
    "SHELVED": "halted",
    "SHELVED_OFFLOADED": "halted",
    "SOFT_DELETED": "halted",
    "BUILD": "halted",
}
POWERS: Mapping[int | None, PowerState] = {
    None: "halted",
    0: "halted",
    1: "running",
    3: "paused",
    4: "halted",
    6: "halted",
    7: "suspended",
}
"""Power states that the hypervisor reports, for servers whose status is that of an operation under way."""

SPECIAL = re.compile(r"([\\.^$*+?()\[\]{}|])")


SPARSE = frozenset({"fault", "progress", "security_groups", "host_status"})
"""The properties that nova shows only in some states or to some users (its api/openstack/compute/views/servers.py)."""


class Address(msgspec.Struct, gc=False):
    addr: str


class Size(msgspec.Struct, gc=False):
    vcpus: int
    ram: int
    original_name: str = ""


class Properties(msgspec.Struct, gc=False):
    os_distro: str | None = None
    os_type: str | None = None


class Picture(msgspec.Struct, gc=False):
    id: str
    properties: Properties | None = None


class AttachedVolume(msgspec.Struct, gc=False):
    id: str


class Server(msgspec.Struct):
    """The fields of a server that hvlib reads."""

    id: str
    status: str
    created: datetime
    name: str = ""
    description: str | None = None
    tags: list[str] = []
    power: int | None = field(name="OS-EXT-STS:power_state", default=None)
    flavor: Size | None = None
    image: Picture | str | None = None
    addresses: dict[str, list[Address]] = {}
    hostname: str | None = field(name="OS-EXT-SRV-ATTR:hostname", default=None)
    hypervisor: str | None = field(name="OS-EXT-SRV-ATTR:hypervisor_hostname", default=None)
    volumes: list[AttachedVolume] = field(name="os-extended-volumes:volumes_attached", default_factory=list)


def power_state(status: str, power: int | None) -> PowerState:
    """The state that a status means; while an operation is under way, the state that the hypervisor reports."""
    return STATUSES.get(status) or POWERS.get(power, "unknown")


def addresses(networks: Mapping[str, Sequence[Address]]) -> tuple[str, ...]:
    """The addresses of all interfaces."""
    return tuple(dict.fromkeys([address.addr for interfaces in networks.values() for address in interfaces]))


def guest_os(image: Picture | str | None) -> str | None:
    """The guest system that the image named when the server was made from it."""
    properties = image.properties if isinstance(image, Picture) else None
    return None if properties is None else text(properties.os_distro) or text(properties.os_type)


TABLE = Table(
    VM,
    "servers",
    {
        "uuid": Field("id"),
        "name_label": Field("name", stored="name"),
        "description": Field("description", convert=text),
        "tags": Field("tags", convert=ordered),
        "created_at": Field("created", convert=moment),
        "power_state": Field("status", "power", convert=power_state),
        "vcpus": Field("flavor", convert=lambda flavor: flavor and flavor.vcpus),
        "memory_bytes": Field("flavor", convert=lambda flavor: flavor and mebibytes(flavor.ram)),
        "guest_os": Field("image", convert=guest_os, since=Version(2, 98)),
        "guest_hostname": Field("hostname", since=Version(2, 90)),
        "ip_addresses": Field("addresses", convert=addresses),
        "host": RefTo(Host, Field("hypervisor", convert=text, private=True), stored="node"),
        "networks": RefsTo(Network, Joined(NETWORKS, "id", convert=lambda networks, server: networks.get(server))),
        "volumes": RefsTo(Volume, Field("volumes", convert=lambda attached: [each.id for each in attached])),
        "image": RefTo(Image, Field("image", convert=lambda image: image.id if isinstance(image, Picture) else None)),
        "flavor": RefTo(Flavor, Field("flavor", convert=lambda flavor: flavor and text(flavor.original_name))),
    },
    accept=Field("id", "status", "name", convert=check_cell),
)


class VMs(CountedAdapter[VM]):
    """Virtual machines."""

    kind: ClassVar[type[VM]] = VM
    table = TABLE
    unseen_length = PAGE_SIZE
    collection = Collection("compute", "/servers/detail", Server, item=("/servers", "server"), sparse=SPARSE)

    def everything(self) -> Parameters:
        """The parameters for the project's servers, or for all projects' servers if the session lists these."""
        return server_scope(self.client)

    def limit(self, size: int | None) -> Parameters:
        """No limit by default: nova sets its own then, and only then shows servers whose cell is down."""
        return [] if size is None else super().limit(size)

    def compared(self, stored: str, value: object) -> Parameters:
        """Nova searches for values as regular expressions. It takes a host's name only from administrators."""
        return [(stored, _exactly(value))] if isinstance(value, str) else []

    def chosen(self, ids: Sequence[str]) -> Sequence[Parameters]:  # noqa: ARG002
        """The parameters for all servers that can be read."""
        return [readable_scope(self.client, self.everything())]

    def count(self, first: CollectionPage[Any] | None) -> int | None:  # noqa: ARG002 -- nova's pages have no count
        """`CountedAdapter.count`."""
        return count_servers(self.client)

    @action(actions.Start)
    def start(self, vm: Ref, _: actions.Start) -> Started:
        """os-start."""
        return self._act(vm, "start", {"os-start": None})

    @action(actions.Stop)
    def stop(self, vm: Ref, _: actions.Stop) -> Started:
        """os-stop: nova asks the guest to shut down, and powers off a server that is still on after a minute."""
        return stop_server(self.client, vm.id)

    @action(actions.Shutdown)
    def shutdown(self, vm: Ref, _: actions.Shutdown) -> Started:
        """os-stop: nova has no action that only asks the guest."""
        return stop_server(self.client, vm.id)

    @action(actions.Reboot)
    def reboot(self, vm: Ref, reboot: actions.Reboot) -> Started:
        """The action reboot. A hard one would start a server that is off or suspended, so the status is read first."""
        if reboot.hard and (status := status_of(self.client, vm.id)) in ("SHUTOFF", "SUSPENDED"):
            raise InvalidState(f"the server {vm.id} is {status}")
        return self._act(vm, "reboot", {"reboot": {"type": "HARD" if reboot.hard else "SOFT"}})

    @action(actions.Suspend)
    def suspend(self, vm: Ref, _: actions.Suspend) -> Started:
        """The action suspend."""
        return self._act(vm, "suspend", {"suspend": None})

    @action(actions.Resume)
    def resume(self, vm: Ref, _: actions.Resume) -> Started:
        """The action resume."""
        return self._act(vm, "resume", {"resume": None})

    @action(actions.Pause)
    def pause(self, vm: Ref, _: actions.Pause) -> Started:
        """The action pause."""
        return self._act(vm, "pause", {"pause": None})

    @action(actions.Unpause)
    def unpause(self, vm: Ref, _: actions.Unpause) -> Started:
        """The action unpause."""
        return self._act(vm, "unpause", {"unpause": None})

    @action(actions.Rename)
    def rename(self, vm: Ref, rename: actions.Rename) -> Done:
        """PUT /servers/ID."""
        self.service.put(f"/servers/{vm.id}", {"server": {"name": rename.name_label}}, self._version)
        return Done(vm)

    @action(actions.SetTags)
    def set_tags(self, vm: Ref, given: actions.SetTags) -> Done:
        """PUT /servers/ID/tags."""
        self.service.put(f"/servers/{vm.id}/tags", {"tags": given.tags}, self._version)
        return Done(vm)

    @steps(actions.Resize, values=check_size)
    def resize(self, vm: Ref, wanted: actions.Resize, steps: Steps) -> None:
        """The actions resize and confirmResize. Sizes that are not asked for stay, and the disk gets no smaller."""
        size = steps.read(lambda: wanted_size(self.client, vm.id, wanted))
        move_and_confirm(self.client, vm.id, "resize", {"resize": {"flavorRef": size.id}}, steps)

    @action(actions.TakeSnapshot, lacks=("memory",))
    def snapshot(self, vm: Ref, snapshot: actions.TakeSnapshot) -> Started:
        """The action createImage. Nova does not save the memory."""
        return take_snapshot(self.client, vm.id, snapshot.name_label)

    @action(actions.Revert)
    def revert(self, vm: Ref, revert: actions.Revert) -> Started:
        """The action rebuild, after a check whose snapshot it is. Nova restores the disk, not size and power state."""
        return revert_server(self.client, vm.id, revert.snapshot.id)

    @steps(actions.Clone)
    def clone(self, vm: Ref, clone: actions.Clone, steps: Steps) -> Ref | None:
        """The action createImage, POST /servers with the image, os-stop, deletion of the image: `clone_server`."""
        return clone_server(self.client, vm.id, clone.name_label, steps)

    @steps(actions.Migrate, lacks=("pool",))
    def migrate(self, vm: Ref, migrate: actions.Migrate, steps: Steps) -> None:
        """The action os-migrateLive or migrate, and confirmResize: `migrate_server`."""
        migrate_server(self.client, vm.id, migrate, steps)

    @action(actions.AttachVolume)
    def attach_volume(self, vm: Ref, attach: actions.AttachVolume) -> Started:
        """POST /servers/ID/os-volume_attachments."""
        return attach_volume(self.client, vm.id, attach.volume.id)

    @action(actions.DetachVolume)
    def detach_volume(self, vm: Ref, detach: actions.DetachVolume) -> Started:
        """DELETE /servers/ID/os-volume_attachments/VOLUME."""
        return detach_volume(self.client, vm.id, detach.volume.id)

    @action(actions.AttachNetwork)
    def attach_network(self, vm: Ref, attach: actions.AttachNetwork) -> Done:
        """POST /servers/ID/os-interface; nova replies once the port exists."""
        attach_port(self.client, vm.id, attach.network.id)
        return Done(vm)

    @steps(actions.DetachNetwork)
    def detach_network(self, vm: Ref, detach: actions.DetachNetwork, steps: Steps) -> None:
        """DELETE /servers/ID/os-interface/PORT of each port on the network. `NotFound` if there is no port."""
        detach_ports(self.client, vm.id, detach.network.id, steps)

    @steps(actions.Delete)
    def delete(self, vm: Ref, delete: actions.Delete, steps: Steps) -> None:
        """A PUT for each volume to keep, DELETE /servers/ID: `remove_server`."""
        remove_server(self.client, vm.id, delete.keep_volumes, steps)

    @steps(actions.CreateVM, values=check_size)
    def create(self, _: None, create: actions.CreateVM, steps: Steps) -> Ref | None:
        """POST /servers, and os-stop if the server is not to run: `create_server`."""
        return create_server(self.client, create, steps)

    def _act(self, vm: Ref, name: str, body: Mapping[str, Any]) -> Started:
        return act_on_server(self.client, vm.id, name, body)


def _exactly(value: str) -> str:
    escaped = SPECIAL.sub(r"\\\1", value)
    return f"^{escaped}$"
