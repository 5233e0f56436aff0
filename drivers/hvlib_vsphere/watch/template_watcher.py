"""TemplateWatcher: follows which of the VMs that a query's rows name are templates."""

from __future__ import annotations

from hvlib_vsphere.property.updates import FilterUpdate
from hvlib_vsphere.templates import TEMPLATE
from hvlib_vsphere.values import is_true
from hvlib_vsphere.watch.kind_watcher import KindWatcher

__all__ = ["TemplateWatcher"]


class TemplateWatcher:
    """A filter on the VMs that a query's rows name. As in `Templates`, a VM that is not found is no template."""

    def __init__(self, watcher: KindWatcher) -> None:
        self._watcher = watcher

    def take(self, update: FilterUpdate) -> None:
        """Take the changes of the filter's VMs. If a VM's flag changes, so do the records that name the VM."""
        for each in update.objects:
            if each.kind == "leave":
                self._watcher.note_template(each.ref, False)
            if TEMPLATE in each.values:
                self._watcher.note_template(each.ref, is_true(each.values[TEMPLATE]))
