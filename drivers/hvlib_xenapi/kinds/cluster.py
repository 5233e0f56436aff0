"""Clusters: the class pool. There is one."""

from __future__ import annotations

from typing import ClassVar

from hvlib.model.resources import Cluster, Host
from hvlib_xenapi.adapter import LabelledAdapter
from hvlib_xenapi.joins import Every
from hvlib_xenapi.table import LABELS, TAGS, Column, Many, Table

__all__ = ["Clusters"]

TABLE = Table(
    Cluster,
    "pool",
    {
        **LABELS,
        # In the database, a pool's name has no name space.
        "name_label": Column("name_label", stored="name_label"),
        **TAGS,
        "hosts": Many(Every("host"), Host, sorted),
    },
)


class Clusters(LabelledAdapter[Cluster]):
    """The pool, and its hosts."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
