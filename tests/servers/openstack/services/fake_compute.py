"""nova's fake hypervisor, with additions to make it act like a real one."""

from __future__ import annotations

import io
import os
from collections import defaultdict
from threading import Event
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from nova import context as nova_context
from nova import objects
from nova.compute import power_state
from nova.image import glance
from nova.virt import fake

from servers.openstack.projects import DOMAIN

__all__ = ["FakeCompute"]

IMAGE_BYTES = 64 * 1024
GUESTS = "guests"
"""The file to which each boot of a guest and each request to a guest is written, one a line."""

MAX_MIGRATION_SECONDS = 120.0
"""How long a migration is under way at most, in seconds."""

IMAGE_PROPERTIES = ("name", "disk_format", "container_format", "properties")


class Machines(dict[str, fake.FakeInstance]):
    """A host's machines, by uuid. A machine that the database got later is loaded when it is first looked up."""

    def __init__(self, host: str) -> None:
        self._host = host
        self._seen: set[str] = set()
        for instance in objects.InstanceList.get_by_host(_context(), host, expected_attrs=[]):
            self._take(instance)

    def __setitem__(self, uuid: str, machine: fake.FakeInstance) -> None:
        self._seen.add(uuid)
        super().__setitem__(uuid, machine)

    def __contains__(self, uuid: object) -> bool:
        return uuid in self.keys() or self._adopt(str(uuid))

    def __missing__(self, uuid: str) -> fake.FakeInstance:
        if self._adopt(uuid):
            return self[uuid]
        raise KeyError(uuid)

    def _adopt(self, uuid: str) -> bool:
        """Load an unknown machine if it is on this host. A machine that has left this host is not loaded again."""
        if uuid in self._seen:
            return False
        instance = objects.Instance.get_by_uuid(_context(), uuid, expected_attrs=[])
        if instance.host == self._host:
            self._take(instance)
        return bool(instance.host == self._host)

    def _take(self, instance: Any) -> None:
        self[instance.uuid] = fake.FakeInstance(instance.name, instance.power_state, instance.uuid)


class FakeCompute(fake.FakeDriver):  # type: ignore[misc]
    """A host whose machines are in memory. When it starts, it loads them from the database."""

    # Room for thousands of servers.
    vcpus = 4096
    memory_mb = 16 * 1024 * 1024

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.long_migrations: defaultdict[str, Event] = defaultdict(Event)

    def init_host(self, host: str) -> None:
        """Load the machines. The stock driver forgets them: after a restart every action on them would fail.

        Also give the hypervisor another name than the compute service. In the stock driver both are the same, which is
        not so everywhere.
        """
        super().init_host(host)
        self._set_nodes([f"{host}.{DOMAIN}"])
        self.instances = Machines(host)

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """Return the same uuids at each start. The stock driver makes new ones, which nova refuses."""
        return {_uuid(name): name for name in self.get_available_nodes()}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        return {**super().get_available_resource(nodename), "uuid": _uuid(nodename)}

    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Any) -> None:
        """Upload the image. The stock driver does not: the image would stay queued for ever."""
        super().snapshot(context, instance, image_id, update_task_state)
        images = glance.API()
        image = {**images.get(context, image_id), "disk_format": "raw", "container_format": "bare"}
        values = {name: image[name] for name in IMAGE_PROPERTIES if name in image}
        images.update(context, image_id, values, data=io.BytesIO(bytes(IMAGE_BYTES)), purge_props=False)

    def detach_interface(self, context: Any, instance: Any, vif: Any) -> None:
        """Detach any interface. The stock driver refuses interfaces that were attached before it started."""
        self._interfaces.setdefault(vif["id"], vif)
        super().detach_interface(context, instance, vif)

    def spawn(self, context: Any, instance: Any, *arguments: Any, **named: Any) -> None:
        super().spawn(context, instance, *arguments, **named)
        if named.get("power_on", True):
            _note(instance, "boot")

    def power_on(self, context: Any, instance: Any, *arguments: Any, **named: Any) -> None:
        super().power_on(context, instance, *arguments, **named)
        _note(instance, "boot")

    def power_off(self, instance: Any, timeout: int = 0, retry_interval: int = 0) -> None:
        """Log a shutdown if the guest is given time: nova then asks it to shut down."""
        super().power_off(instance, timeout, retry_interval)
        if timeout:
            _note(instance, "shutdown")

    def reboot(self, context: Any, instance: Any, network_info: Any, reboot_type: str, *_: Any, **named: Any) -> None:
        if reboot_type == "SOFT":
            _note(instance, "reboot")
        super().reboot(context, instance, network_info, reboot_type, *_, **named)

    def post_live_migration_at_destination(self, context: Any, instance: Any, *_: object, **__: object) -> None:
        """Use the stock `spawn`, which logs nothing. The stock method would call ours, which logs a boot."""
        super().spawn(context, instance, None, None, None, None)

    def live_migration(
        self, context: Any, instance: Any, dest: str, done: Any, undone: Any, block: bool = False, data: Any = None
    ) -> None:
        """Migrate as the server's metadata ``migration`` says: ``long`` lasts until it is cancelled, ``broken`` fails.

        Without this metadata the stock driver migrates, which takes no time and succeeds.
        """
        kind = instance.metadata.get("migration")
        if kind is None:
            super().live_migration(context, instance, dest, done, undone, block, data)
        elif kind == "long":
            cancelled = self.long_migrations[instance.uuid]
            ended = "cancelled" if cancelled.wait(MAX_MIGRATION_SECONDS) else "failed"
            del self.long_migrations[instance.uuid]
            undone(context, instance, dest, data, ended)
        else:
            undone(context, instance, dest, data)

    def live_migration_abort(self, instance: Any) -> None:
        self.long_migrations[instance.uuid].set()

    # In the stock driver these do not change the machine's state, so that nova's power_state contradicts its status.

    def pause(self, instance: Any) -> None:
        self.instances[instance.uuid].state = power_state.PAUSED

    def unpause(self, instance: Any) -> None:
        self.instances[instance.uuid].state = power_state.RUNNING

    def suspend(self, context: Any, instance: Any) -> None:
        self.instances[instance.uuid].state = power_state.SUSPENDED

    def resume(self, context: Any, instance: Any, *_: object, **__: object) -> None:
        self.instances[instance.uuid].state = power_state.RUNNING


def _context() -> Any:
    return nova_context.get_admin_context()


def _note(instance: Any, event: str) -> None:
    log = os.open(GUESTS, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.write(log, f"{instance.uuid} {event}\n".encode())
    os.close(log)


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))
