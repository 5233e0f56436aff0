"""The vendor's SDK, whose types are made when it is imported: no type checker knows all of them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

__all__ = ["SoapAdapter", "VmomiSupport", "vim", "vmodl"]

SoapAdapter: Any = import_module("pyVmomi.SoapAdapter")
VmomiSupport: Any = import_module("pyVmomi.VmomiSupport")
vim: Any = import_module("pyVmomi").vim
vmodl: Any = import_module("pyVmomi").vmodl
