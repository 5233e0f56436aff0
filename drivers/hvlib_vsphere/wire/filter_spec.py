"""Filter specs: which properties the PropertyCollector reads, of which objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.wire.soap_messages import element, reference

__all__ = ["filter_spec", "object_specs", "traverse", "witness"]


def filter_spec(native_type: str, paths: Sequence[str] | None, objects: str, *, skip_missing: bool = False) -> str:
    """The parts of a PropertyFilterSpec: these properties (None: all) of the objects that the ObjectSpecs select."""
    wanted = element("all", True) if paths is None else element("all", False)
    names = "".join(element("pathSet", path) for path in paths or ())
    missing = element("reportMissingObjectsInResults", True) if skip_missing else ""
    return f"<propSet>{element('type', native_type)}{wanted}{names}</propSet>{objects}{missing}"


def traverse(start: MoRef, path: str, *, skip: bool) -> str:
    """The ObjectSpec of all objects that a property of ``start`` refers to, and of ``start`` itself unless ``skip``."""
    traversal = element("type", start.type) + element("path", path) + element("skip", False)
    return (
        f"<objectSet>{reference('obj', start)}{element('skip', skip)}"
        f'<selectSet xsi:type="TraversalSpec">{traversal}</selectSet></objectSet>'
    )


def witness(native_type: str, path: str) -> str:
    """The PropertySpec of one property of objects from which others are reached. It must come before the ObjectSpecs.

    If the session is lost, the objects are reported without the property: otherwise nothing at all would be.
    """
    return f"<propSet>{element('type', native_type)}{element('pathSet', path)}</propSet>"


def object_specs(objects: Iterable[MoRef]) -> str:
    """The ObjectSpecs of these objects alone."""
    return "".join(f"<objectSet>{reference('obj', each)}</objectSet>" for each in objects)
