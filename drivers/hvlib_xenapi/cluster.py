"""Clusters: the class pool. There is one."""

from __future__ import annotations

from typing import ClassVar

from hvlib.resources import Cluster, Host
from hvlib_xenapi.adapter import LabelledAdapter
from hvlib_xenapi.table import LABELS, TAGS, Every, Many, Table

__all__ = ["Clusters"]

TABLE = Table(Cluster, "pool", {**LABELS, **TAGS, "hosts": Many(Every("host"), Host, list)})


class Clusters(LabelledAdapter[Cluster]):
    """The pool, and its hosts."""

    kind: ClassVar[type[Cluster]] = Cluster
    table = TABLE
