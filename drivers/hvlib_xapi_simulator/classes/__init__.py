"""The classes that the simulator serves, as tables: their fields, and the messages that these do not imply."""

from __future__ import annotations

from hvlib_xapi_simulator.classes import access, activity, host, host_parts, network, pool, storage, vm, vm_parts
from hvlib_xapi_simulator.table import Class

__all__ = ["CLASSES"]

_MODULES = (access, pool, vm, vm_parts, host, host_parts, network, storage, activity)

CLASSES: dict[str, Class] = {name: getattr(module, name) for module in _MODULES for name in module.__all__}
"""Every class by its name on the wire."""
