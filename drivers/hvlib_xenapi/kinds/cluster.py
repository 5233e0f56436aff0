"""Clusters: the class pool, which has one object."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver.table import Field, Joined, RefsTo, Table
from hvlib.model.resources import Cluster, Host
from hvlib_xenapi.adapter import LABELS, TAGS, LabelledAdapter
from hvlib_xenapi.joins import Every

__all__ = ["Clusters"]

TABLE = Table(
    Cluster,
    "pool",
    {
        **LABELS,
        # The database's column is name_label here, where other classes have name__label.
        "name_label": Field("name_label", stored="name_label"),
        **TAGS,
        "hosts": RefsTo(Host, Joined(Every("host"), convert=sorted)),
    },
)


class Clusters(LabelledAdapter[Cluster]):
    """The pool, and its hosts."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
