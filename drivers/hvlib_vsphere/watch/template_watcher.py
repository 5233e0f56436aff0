"""TemplateWatcher: follows which of the VMs that a query's rows name are templates."""

from __future__ import annotations

from typing import Any

from hvlib_vsphere.templates import TEMPLATE
from hvlib_vsphere.values import is_true
from hvlib_vsphere.watch.kind_watcher import KindWatcher
from hvlib_vsphere.wire.decoding import as_tuple

__all__ = ["TemplateWatcher"]


class TemplateWatcher:
    """A filter on the VMs that a query's rows name. As in `Templates`, a VM that is not found is no template."""

    def __init__(self, watcher: KindWatcher) -> None:
        self._watcher = watcher

    def take(self, update: dict[str, Any]) -> None:
        """Take the updates of one PropertyFilterUpdate. If a VM's flag changes, so do the records that name the VM."""
        for each in as_tuple(update.get("objectSet")):
            if each.get("kind") == "leave":
                self._watcher.note_template(each["obj"], False)
            for change in as_tuple(each.get("changeSet")):
                if change["name"] == TEMPLATE:
                    self._watcher.note_template(each["obj"], is_true(change.get("val")))
