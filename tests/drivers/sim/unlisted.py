"""A lab that can't list its tasks. A task can be read and followed by its ref."""

from __future__ import annotations

from typing import Any

from drivers.sim.site import SimSite
from seeds.delegating import DelegatingAdapter, DelegatingDriver, DelegatingSession

from hvlib.driver import Driver, Page, PageToken
from hvlib.errors import Unsupported
from hvlib.model.query import Query
from hvlib.model.resources import TaskRecord

__all__ = ["UnlistedSite", "unlisted"]


class UnlistedTasks(DelegatingAdapter):
    """The adapter of every kind; it can't list tasks."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        if self.kind is TaskRecord:
            raise Unsupported("this server has no list of its tasks")
        return super().page(query, after)


class UnlistedSession(DelegatingSession):
    adapter_type = UnlistedTasks


class UnlistedSite(SimSite):
    unverified = {**SimSite.unverified, "Task": "this server has no list of its tasks"}


def unlisted(driver: Driver) -> Driver:
    """The driver, without the listing of tasks."""
    return DelegatingDriver(driver, UnlistedSession)
