"""Joins: the VMs that a task names. The server is asked which of them are templates: in hvlib these are images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet

import msgspec

from hvlib.driver.table import Code
from hvlib.model.resources import Image, Resource
from hvlib_vsphere.data_objects import MoRef, Row
from hvlib_vsphere.errors import check_session
from hvlib_vsphere.property.retrieval import Retrieval, read_all
from hvlib_vsphere.property.spec import FilterSpec, ObjectSpec, PropertySpec
from hvlib_vsphere.values import is_true, kind_of
from hvlib_vsphere.wire.caller import Calls

__all__ = ["MACHINE", "TEMPLATE", "NamedMachine", "Templates", "named_object", "templates_spec"]

MACHINE = "VirtualMachine"

TEMPLATE = "summary.config.template"
"""The property of a VirtualMachine that says whether it is a template."""


class NamedMachine(msgspec.Struct, frozen=True):
    """The VirtualMachine that a property names, if it names one.

    | path: the property
    """

    path: str

    @property
    def name(self) -> str:
        """`Join.name`."""
        return f"{MACHINE}'s {TEMPLATE}"

    @property
    def natives(self) -> Sequence[str]:
        """`Join.natives`."""
        return (self.path,)

    def source(self, code: Code) -> str:
        """`Join.source`: the `Templates`."""
        return code.bind(code.joined)


class Templates:
    """The VMs that one query's rows name, and which of them are templates.

    A VM that is gone, or that the user may not read, does not count as a template.
    """

    def __init__(self) -> None:
        self._flags: dict[MoRef, bool] = {}

    def __contains__(self, vm: MoRef) -> bool:
        return self._flags.get(vm, False)

    def learn(self, named: AbstractSet[MoRef], calls: Calls) -> None:
        """PropertyCollector.RetrievePropertiesEx on the VMs that are new: one round trip if there are any."""
        new = named - self._flags.keys()
        if not new:
            return
        flags = dict.fromkeys(new, False)

        def take(row: Row) -> None:
            check_session(row)
            flags[row.ref] = is_true(row.values.get(TEMPLATE))

        read_all(Retrieval(calls, lambda: templates_spec(new)), take)
        self._flags.update(flags)

    def note(self, vm: MoRef, template: bool) -> bool:
        """Store whether a VM is a template. Returns whether this differs from the stored value."""
        before = self._flags.get(vm)
        self._flags[vm] = template
        return before is not template

    def forget_others(self, named: AbstractSet[MoRef]) -> None:
        """Forget all VMs but these."""
        for vm in self._flags.keys() - named:
            del self._flags[vm]


def templates_spec(machines: Iterable[MoRef]) -> FilterSpec:
    """The spec that reads which of these VMs are templates."""
    objects = [ObjectSpec(each) for each in sorted(machines)]
    return FilterSpec([PropertySpec(MACHINE, (TEMPLATE,))], objects, report_missing=True)


def named_object(templates: Templates, value: object) -> tuple[type[Resource], str] | None:
    """The kind and the identifier of the object that a property names: a template is an image."""
    if isinstance(value, MoRef) and value in templates:
        return Image, value.id
    return kind_of(value)
