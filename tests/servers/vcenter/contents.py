"""Contents: objects with their properties as elements of a reply."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from servers.vcenter.inventory import Entity, Inventory
from servers.vcenter.messages import XML, value
from servers.vcenter.sdk import VmomiSupport, vim, vmodl

__all__ = ["missing_objects", "object_content", "object_update", "reference"]

MissingObject = vmodl.query.PropertyCollector.MissingObject


def reference(name: str, ref: Any) -> str:
    """An element with a reference to an object."""
    return value(name, ref, type(ref))


def object_content(inventory: Inventory, entity: Entity, paths: Iterable[str]) -> XML:
    """An ``objects`` element: an ObjectContent."""
    readable, missing = _divided(inventory, entity, paths)
    values = ((path, entity.written(path)) for path in readable)
    properties = "".join(f"<propSet><name>{path}</name>{text}</propSet>" for path, text in values if text)
    faults = "".join(_missing(entity, path) for path in missing)
    return XML(f"<objects>{reference('obj', entity.ref)}{properties}{faults}</objects>")


def object_update(inventory: Inventory, kind: str, entity: Entity, paths: Iterable[str]) -> str:
    """An ``objectSet`` element: an ObjectUpdate. An object that enters has no changes of unset properties."""
    readable, missing = _divided(inventory, entity, paths)
    changes = "".join(_change(kind, path, entity.written(path)) for path in readable)
    faults = "".join(_missing(entity, path) for path in missing)
    return f"<objectSet><kind>{kind}</kind>{reference('obj', entity.ref)}{changes}{faults}</objectSet>"


def missing_objects(refs: Iterable[Any]) -> Iterator[str]:
    """The ``missingSet`` elements of a filter's update: MissingObjects."""
    for ref in refs:
        fault = vmodl.fault.ManagedObjectNotFound(obj=ref, msg="the object does not exist")
        yield value("missingSet", MissingObject(obj=ref, fault=fault), MissingObject)


def _change(kind: str, path: str, text: str) -> str:
    if kind == "enter" and not text:
        return ""
    return f"<changeSet><name>{path}</name><op>assign</op>{text}</changeSet>"


def _divided(inventory: Inventory, entity: Entity, paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """The paths that may be read, and the others."""
    readable: list[str] = []
    missing: list[str] = []
    for path in paths:
        (readable if inventory.may_read(entity, path) else missing).append(path)
    return readable, missing


def _missing(entity: Entity, path: str) -> str:
    fault = vim.fault.NoPermission(
        object=entity.ref, privilegeId="System.Read", msg="Permission to perform this operation was denied."
    )
    element = value("fault", fault, VmomiSupport.GetVmodlType("vmodl.LocalizedMethodFault"))
    return f"<missingSet><path>{path}</path>{element}</missingSet>"
