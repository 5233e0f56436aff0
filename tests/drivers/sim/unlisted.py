"""A lab that can't list its tasks: the one whose ref is known is read and followed."""

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
    """Every kind; of tasks there is no listing."""

    def page(self, query: Query[Any], after: PageToken | None) -> Page[Any]:
        if self.kind is TaskRecord:
            raise Unsupported("this server has no list of its tasks")
        return super().page(query, after)


class UnlistedSession(DelegatingSession):
    adapter_type = UnlistedTasks


class UnlistedSite(SimSite):
    unverified = {**SimSite.unverified, "Task": "this server has no list of its tasks"}


def unlisted(driver: Driver) -> Driver:
    """A driver without this listing."""
    return DelegatingDriver(driver, UnlistedSession)
