"""Collector: a PropertyCollector, with its filters, its waits, and the rest of its retrievals."""

from __future__ import annotations

import time
from itertools import count
from typing import Any

from servers.vcenter.contents import object_content
from servers.vcenter.inventory import Entity, Inventory
from servers.vcenter.messages import XML
from servers.vcenter.sdk import vim, vmodl
from servers.vcenter.selection import Selection
from servers.vcenter.update_filter import Report, UpdateFilter

__all__ = ["Collector"]

Content = tuple[Entity, tuple[str, ...]]


class Collector:
    """A PropertyCollector of one session: at most ``page`` objects and ``updates`` updates in a reply.

    The inventory's lock is held in each call.
    """

    def __init__(self, inventory: Inventory, ref: Any, page: int, updates: int) -> None:
        self.ref = ref
        self.filters: dict[str, UpdateFilter] = {}
        self.ended: Any = None
        """The fault with which waits end once the collector or its session is gone."""
        self._inventory = inventory
        self._page = page
        self._updates = updates
        self._version = 0
        self._sent: dict[str, list[Report]] = {}
        self._waiting = False
        self._cancelled = False
        self._rests: dict[str, tuple[list[Content], int]] = {}
        self._tokens = count(1)
        inventory.observers.append(self._observe)

    def contents(self, specs: list[Any]) -> list[Content]:
        """The objects that specs select, with the paths of their properties."""
        found: dict[str, Content] = {}
        for spec in specs:
            selection = Selection(self._inventory, spec)
            for id, entity in selection.entities().items():
                found.setdefault(id, (entity, selection.paths(entity)))
            selection.check()
        return list(found.values())

    def whole(self, contents: list[Content]) -> XML:
        """The objects of a retrieval, all at once."""
        return XML(self._written(contents).replace("<objects>", "<returnval>").replace("</objects>", "</returnval>"))

    def retrieve(self, contents: list[Content], most: int | None) -> XML | None:
        """The first objects of a retrieval as a RetrieveResult; the rest is kept for its token."""
        if not contents:
            return None
        size = min(most or self._page, self._page)
        head, rest = contents[:size], contents[size:]
        token = ""
        if rest:
            token = str(next(self._tokens))
            self._rests[token] = rest, size
            token = f"<token>{token}</token>"
        return XML(f"<returnval>{token}{self._written(head)}</returnval>")

    def continued(self, token: str) -> XML | None:
        """The next objects of a retrieval. Raises InvalidArgument."""
        return self.retrieve(*self._rest(token))

    def forget(self, token: str) -> None:
        """Forget the rest of a retrieval. Raises InvalidArgument."""
        self._rest(token)

    def _rest(self, token: str) -> tuple[list[Content], int]:
        """Take the rest of a retrieval, and the size of its pages. Raises InvalidArgument."""
        if token not in self._rests:
            raise vmodl.fault.InvalidArgument(invalidProperty="token", msg="there is no such retrieval")
        return self._rests.pop(token)

    def create_filter(self, ref: Any, spec: Any) -> UpdateFilter:
        """Make a filter, also while a wait goes on."""
        made = UpdateFilter(self._inventory, ref, spec)
        made.check()
        self.filters[ref._moId] = made
        self._inventory.lock.notify_all()
        return made

    def cancel(self) -> None:
        """End the wait that goes on, if there is one."""
        self._cancelled = self._waiting
        self._inventory.lock.notify_all()

    def end(self, fault: Any) -> None:
        """Destroy the collector: a wait that goes on ends with a fault."""
        self.ended = fault
        self._inventory.observers.remove(self._observe)
        self._inventory.lock.notify_all()

    def lose_version(self) -> None:
        """Forget the version that the client knows."""
        self._version += 1000
        self._inventory.lock.notify_all()

    def wait(self, version: str, seconds: float | None, most: int | None) -> XML | None:
        """The next UpdateSet; None if nothing changes for some ``seconds``.

        Raises InvalidCollectorVersion, ConcurrentAccess, RequestCanceled, and the fault of `end`.
        """
        if self._waiting:
            raise vim.fault.ConcurrentAccess(msg="another client waits for this collector's updates")
        self._take_version(version)
        deadline = None if seconds is None else time.monotonic() + seconds
        self._waiting, self._cancelled = True, False
        try:
            while not any(each.has_news() for each in self.filters.values()):
                self._check(version)
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    return None
                self._inventory.lock.wait(left)
            self._check(version)
            return self._update_set(min(most or self._updates, self._updates))
        finally:
            self._waiting = False

    def _written(self, contents: list[Content]) -> str:
        """Objects that still exist, as elements."""
        existing = (content for content in contents if content[0].id in self._inventory.entities)
        return "".join(object_content(self._inventory, entity, paths) for entity, paths in existing)

    def _check(self, version: str) -> None:
        if self.ended is not None:
            raise self.ended
        if self._cancelled:
            self._cancelled = False
            raise vmodl.fault.RequestCanceled(msg="the wait was cancelled")
        if version and version != str(self._version):
            raise vmodl.query.InvalidCollectorVersion(msg=f"the version {version} is not valid")

    def _take_version(self, version: str) -> None:
        """Continue from a version: the empty one begins anew, the last but one repeats the last reply."""
        if not version:
            for each in self.filters.values():
                each.begin_again()
        elif version == str(self._version - 1) and self._sent:
            self._version -= 1
            for id, reports in self._sent.items():
                if id in self.filters:
                    self.filters[id].put_back(reports)
        elif version != str(self._version):
            raise vmodl.query.InvalidCollectorVersion(msg=f"the version {version} is not valid")
        self._sent = {}

    def _update_set(self, most: int) -> XML:
        """An UpdateSet of ``most`` updates: ``truncated`` if there are more."""
        elements = []
        for id, each in self.filters.items():
            if not each.has_news() or most <= 0:
                continue
            self._sent[id] = each.take(most)
            most -= len(self._sent[id])
            elements.append(each.element(self._sent[id]))
        self._version += 1
        truncated = any(each.has_news() for each in self.filters.values())
        mark = "<truncated>true</truncated>" if truncated else ""
        return XML(f"<returnval><version>{self._version}</version>{''.join(elements)}{mark}</returnval>")

    def _observe(self, entity: Entity, path: str | None) -> None:
        for each in self.filters.values():
            each.observe(entity, path)
