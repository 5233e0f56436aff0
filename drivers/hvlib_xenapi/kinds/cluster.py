"""Clusters: the class pool. There is one."""

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
        # In the database, a pool's name has no name space.
        "name_label": Field("name_label", stored="name_label"),
        **TAGS,
        "hosts": RefsTo(Host, Joined(Every("host"), convert=sorted)),
    },
)


class Clusters(LabelledAdapter[Cluster]):
    """The pool, and its hosts."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
