"""VCenterSite: our own vCenter, administered by its own calls. Its values are read through the vendor's SDK."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drivers.vsphere.site import POWER, VSphereSite, stored
from drivers.vsphere.wire.administrator import Administrator
from servers.vcenter.vcenter import VCenter

from hvlib.model.resources import PowerState

__all__ = ["VCenterSite"]

QUESTION = "The file is locked. Retry?"

VERIFIED = ("set_problem", "Task.error")
"""Verified here, and not on vcsim."""

NATIVE_POWER = {state: native for native, state in POWER.items()}


class VCenterSite(VSphereSite):
    """A vCenter whose machines can be lost and ask questions."""

    server: VCenter
    unverified = {name: reason for name, reason in VSphereSite.unverified.items() if name not in VERIFIED}

    @property
    def options(self) -> Mapping[str, Any]:
        return {"password": self.server.password}

    def create_vm(self, name_label: str) -> str:
        return self.server.create_vm(stored(name_label))

    def delete_vm(self, id: str) -> None:
        self.server.remove(id)

    def rename_vm(self, id: str, name_label: str) -> None:
        self.server.change(id, "name", stored(name_label))

    def set_power(self, id: str, state: PowerState) -> None:
        self.server.set_power(id, NATIVE_POWER[state])

    def set_problem(self, id: str, problem: bool) -> str | None:
        if problem:
            self.server.ask(id, QUESTION, {"0": "Retry", "1": "Cancel"})
            return QUESTION
        vm = self.admin.vm(id)
        vm.AnswerVM(self.admin.leaf(vm, "runtime.question").id, "1")
        return None

    def last_boot(self, id: str) -> object:
        return self.admin.leaf(self.admin.vm(id), "runtime.bootTime")

    def expire_sessions(self) -> None:
        self.server.expire_sessions()
        self.admin.instance._stub.DropConnections()
        self.admin = Administrator(self.server)

    def _tag_group(self) -> None:
        """The server's port group has a VLAN."""

    def _tasks(self) -> Mapping[str, Mapping[str, object]]:
        tasks = self.admin.content.taskManager.recentTask
        names = {task._moId: self.admin.leaf(task, "info.name") for task in tasks}
        return {
            id: {**values, "name_label": names[id], **({} if values["state"] == "failed" else {"error": None})}
            for id, values in super()._tasks().items()
            if id in names
        }
