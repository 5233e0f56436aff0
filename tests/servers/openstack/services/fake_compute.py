"""nova's fake hypervisor, where it falls short of a real one."""

from __future__ import annotations

import io
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from nova import context as nova_context
from nova import objects
from nova.compute import power_state
from nova.image import glance
from nova.virt import fake

__all__ = ["FakeCompute"]

IMAGE_BYTES = 64 * 1024
IMAGE_PROPERTIES = ("name", "disk_format", "container_format", "properties")


class FakeCompute(fake.FakeDriver):  # type: ignore[misc]
    """A host whose machines live in memory, and are those of the database when it starts."""

    # Room for thousands of servers.
    vcpus = 4096
    memory_mb = 16 * 1024 * 1024

    def init_host(self, host: str) -> None:
        """The stock driver forgets its machines: after a restart every action on them would fail."""
        super().init_host(host)
        context = nova_context.get_admin_context()
        for instance in objects.InstanceList.get_by_host(context, host, expected_attrs=[]):
            self.instances[instance.uuid] = fake.FakeInstance(instance.name, instance.power_state, instance.uuid)

    def get_nodenames_by_uuid(self, refresh: bool = False) -> dict[str, str]:
        """The stock driver draws new uuids at each start, which nova refuses."""
        return {_uuid(name): name for name in self.get_available_nodes()}

    def get_available_resource(self, nodename: str) -> dict[str, Any]:
        return {**super().get_available_resource(nodename), "uuid": _uuid(nodename)}

    def snapshot(self, context: Any, instance: Any, image_id: str, update_task_state: Any) -> None:
        """The stock driver uploads nothing: the image would stay queued for ever."""
        super().snapshot(context, instance, image_id, update_task_state)
        images = glance.API()
        image = {**images.get(context, image_id), "disk_format": "raw", "container_format": "bare"}
        known = {name: image[name] for name in IMAGE_PROPERTIES if name in image}
        images.update(context, image_id, known, data=io.BytesIO(bytes(IMAGE_BYTES)), purge_props=False)

    # The stock driver's machines run on whatever is done, so that nova's power_state contradicts its status.

    def pause(self, instance: Any) -> None:
        self.instances[instance.uuid].state = power_state.PAUSED

    def unpause(self, instance: Any) -> None:
        self.instances[instance.uuid].state = power_state.RUNNING

    def suspend(self, context: Any, instance: Any) -> None:
        self.instances[instance.uuid].state = power_state.SUSPENDED

    def resume(self, context: Any, instance: Any, *_: object, **__: object) -> None:
        self.instances[instance.uuid].state = power_state.RUNNING


def _uuid(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))
