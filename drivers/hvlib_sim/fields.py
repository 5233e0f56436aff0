"""Columns of a lab's tables. Most fields are attributes of the lab's objects, with the same names."""

from __future__ import annotations

from collections.abc import Mapping

from hvlib.driver.table import Column, Field, RefsTo, RefTo
from hvlib.model.ref import Ref
from hvlib.model.resources import KINDS, Resource
from hvlib_sim.lab.objects import Link

__all__ = ["COMMON", "attributes", "link", "ref_to", "refs_to"]


def attributes(*names: str) -> dict[str, Column]:
    """Fields whose values are attributes of the same names."""
    return {name: Field(name, stored=name) for name in names}


def ref_to(kind: type[Resource], name: str) -> Column:
    """A field that refers to the object whose id an attribute holds, if it holds one."""
    return RefTo(kind, name, stored=name)


def refs_to(kind: type[Resource], name: str) -> Column:
    """A field that refers to the objects whose ids an attribute holds."""
    return RefsTo(kind, name, stored=name)


def link(name: str) -> Column:
    """A field that refers to an object of any kind."""
    return RefTo(_target, name, stored=name, encode=_link)


def _target(link: Link) -> tuple[type[Resource], str]:
    return KINDS[link.kind], link.id


def _link(value: object) -> object:
    return Link(value.kind, value.id) if isinstance(value, Ref) else value


COMMON: Mapping[str, Column] = {
    **attributes("uuid", "description", "tags", "created_at"),
    "name_label": Field("name", stored="name"),
}
"""The fields that all kinds have."""
