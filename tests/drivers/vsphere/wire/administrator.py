"""Another user of a vCenter, with the vendor's SDK, who makes changes without hvlib."""

from __future__ import annotations

import ssl
import time
from typing import Any

from pyVim.connect import Disconnect, SmartConnect
from pyVmomi import vim, vmodl
from servers.vcenter.vcenter import VCenter
from servers.vcsim import Vcsim

__all__ = ["Administrator"]

POLL_INTERVAL = 0.005


class Administrator:
    """Another user of the same server, with the vendor's SDK."""

    def __init__(self, server: Vcsim | VCenter) -> None:
        secured: dict[str, Any] = {"protocol": "http"}
        if isinstance(server, Vcsim):
            secured = {"sslContext": ssl.create_default_context(cafile=str(server.cacert))}
        self.instance = SmartConnect(
            host="127.0.0.1", port=server.port, user=server.user, pwd=server.password, **secured
        )
        self.content = self.instance.content

    def objects(self, kind: Any) -> list[Any]:
        view = self.content.viewManager.CreateContainerView(self.content.rootFolder, [kind], True)
        objects = list(view.view)
        view.Destroy()
        return objects

    def vms(self) -> list[Any]:
        return [vm for vm in self.objects(vim.VirtualMachine) if not vm.config.template]

    def halted(self) -> Any:
        """A VM that is off."""
        return next(vm for vm in self.vms() if self.leaf(vm, "runtime.powerState") == "poweredOff")

    def leaf(self, of: Any, path: str) -> Any:
        """One leaf. The SDK can't read a whole ``runtime`` from vcsim: an enumeration in it has no value."""
        query = vmodl.query.PropertyCollector
        spec = query.FilterSpec(
            objectSet=[query.ObjectSpec(obj=of)], propSet=[query.PropertySpec(type=type(of), pathSet=[path])]
        )
        [content] = self.content.propertyCollector.RetrieveContents([spec])
        return content.propSet[0].val if content.propSet else None

    def template(self) -> Any:
        return next(vm for vm in self.objects(vim.VirtualMachine) if vm.config.template)

    def vm(self, id: str) -> Any:
        return vim.VirtualMachine(id, self.instance._stub)

    def expire_sessions(self) -> None:
        """End all sessions but the administrator's own."""
        manager = self.content.sessionManager
        mine = manager.currentSession.key
        others = [session.key for session in manager.sessionList if session.key != mine]
        if others:
            manager.TerminateSession(others)

    def clone(self, source: Any, name: str) -> Any:
        spec = vim.vm.CloneSpec(location=vim.vm.RelocateSpec(pool=self.objects(vim.ResourcePool)[0]), powerOn=False)
        return self.finish(source.CloneVM_Task(source.parent, name, spec))

    def remove(self, vm: Any) -> None:
        """Delete a VM, if it still exists."""
        try:
            if self.leaf(vm, "runtime.powerState") == "poweredOn":
                self.finish(vm.PowerOffVM_Task())
            self.finish(vm.Destroy_Task())
        except vmodl.fault.ManagedObjectNotFound:
            pass

    def finish(self, task: Any) -> Any:
        """Wait for a task, and return its result. Reads single leaves, as some tasks can't be read as a whole."""
        while self.leaf(task, "info.state") not in ("success", "error"):
            time.sleep(POLL_INTERVAL)
        assert self.leaf(task, "info.state") == "success"
        return self.leaf(task, "info.result")

    def close(self) -> None:
        Disconnect(self.instance)
