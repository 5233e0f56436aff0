"""Virtual machines: Grove's vms that are not templates."""

from __future__ import annotations

from typing import Any

from hvlib.driver import Done, Ref, Started, Steps, action, steps
from hvlib.driver.table import NOT_STORED, Field, RefTo, Table
from hvlib.model.actions import CreateVM, Delete, Rename, Resume, Start, Stop, Suspend
from hvlib.model.resources import VM, Host, Image, PowerState
from hvlib_grove.adapter import TableAdapter
from hvlib_grove.values import mebibytes, moment

__all__ = ["VMs"]

STATES: dict[str, PowerState] = {"on": "running", "off": "halted", "frozen": "paused", "saved": "suspended"}
WORDS = {state: word for word, state in STATES.items()}


class VMs(TableAdapter[VM]):
    """Virtual machines. An action that the state does not allow fails at the call; later failures are in the task."""

    kind = VM
    only = {"template": "false"}
    table = Table(
        VM,
        "vms",
        {
            "uuid": Field("uuid", stored="uuid"),
            "name_label": Field("name", stored="name"),
            "description": Field("note"),
            "tags": Field("tags", convert=lambda tags: tuple(sorted(tags))),
            "created_at": Field("created", convert=moment),
            "power_state": Field(
                "state",
                convert=lambda word: STATES.get(word, "unknown"),
                stored="state",
                encode=lambda state: WORDS.get(state, NOT_STORED),
            ),
            "vcpus": Field("cores"),
            "memory_bytes": Field("memory_mib", convert=mebibytes),
            "guest_os": Field("os"),
            "ip_addresses": Field("addresses", convert=tuple),
            "host": RefTo(Host, "host", stored="host"),
            "image": RefTo(Image, "from"),
        },
    )

    @action(Start)
    def start(self, vm: Ref, start: Start) -> Started:
        """`InvalidState` unless the VM is halted."""
        return self._power(vm, "boot")

    @action(Stop)
    def stop(self, vm: Ref, stop: Stop) -> Started:
        """`InvalidState` if the VM is halted."""
        return self._power(vm, "cut")

    @action(Suspend)
    def suspend(self, vm: Ref, suspend: Suspend) -> Started:
        """`InvalidState` unless the VM runs."""
        return self._power(vm, "save")

    @action(Resume)
    def resume(self, vm: Ref, resume: Resume) -> Started:
        """`InvalidState` unless the VM is suspended."""
        return self._power(vm, "restore")

    @action(Rename)
    def rename(self, vm: Ref, rename: Rename) -> Done:
        """Rename at once, without a task. `InvalidQuery` for an empty name."""
        self.client.call("PATCH", "vms", vm.id, body={"name": rename.name_label})
        return Done(vm)

    @action(Delete, lacks=("keep_volumes",))
    def delete(self, vm: Ref, delete: Delete) -> Started:
        """`InvalidState` if the VM runs or is paused."""
        return self.start_task("DELETE", "vms", vm.id)

    @steps(CreateVM, lacks=("flavor", "networks", "volumes", "cluster", "pool", "user_data"))
    def create(self, _: None, create: CreateVM, steps: Steps) -> Ref | None:
        """POST vms; then POST power, if the VM is to start. Memory is rounded up to MiB."""
        body: dict[str, Any] = {
            "name": create.name_label,
            "template": create.image.id,
            "cores": create.vcpus,
            "memory_mib": None if create.memory_bytes is None else -(-create.memory_bytes >> 20),
            "host": None if create.host is None else create.host.id,
            **(create.native or {}),
        }
        vm = steps.run(lambda: self.start_task("POST", "vms", body=body), undo=self._remove)
        if create.start and vm is not None:
            steps.run(lambda: self._power(vm, "boot"))
        return vm

    def _remove(self, vm: Ref) -> Started:
        return self.start_task("DELETE", "vms", vm.id)

    def _power(self, vm: Ref, word: str) -> Started:
        return self.start_task("POST", "vms", vm.id, "power", body={"do": word})
