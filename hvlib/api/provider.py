"""Provider: one endpoint that you are connected to, and its services."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Self

from hvlib.api.collection import Collection
from hvlib.api.services import Compute, Images, NetworkService, Storage
from hvlib.api.tasks import Tasks
from hvlib.driver import About, WatchCursor
from hvlib.model.errors import InvalidQuery
from hvlib.model.query import as_names
from hvlib.model.ref import Ref, as_refs
from hvlib.model.resources import KINDS, Resource, TaskRecord
from hvlib.runtime.operations import Operations
from hvlib.runtime.requests import Requests
from hvlib.runtime.session_manager import SessionManager
from hvlib.runtime.translation import locating
from hvlib.runtime.watch.store import check_start
from hvlib.runtime.watch.watch import Known, Watch

__all__ = ["MAX_STEPS", "STEPS_TIMEOUT", "Provider"]

MAX_STEPS = 32
"""The default number of actions of several requests that a provider carries out at a time."""

STEPS_TIMEOUT = 300.0
"""The default number of seconds that the end of a ``with`` block waits for these actions."""


class Provider:
    """A vCenter or ESXi, a Xen pool, an OpenStack region, or a simulated lab, as `hvlib.connect` returns it.

    It logs in when it is first used, and logs out when it is closed: at the end of a ``with`` block, by `close`, or at
    the latest when the interpreter exits. Threads may share it.
    """

    def __init__(
        self, manager: SessionManager, name: str, *, steps: int = MAX_STEPS, steps_timeout: float = STEPS_TIMEOUT
    ) -> None:
        self.name = name
        """The name of its entry in hvlib.yaml, or its address without the password."""
        self._manager = manager
        manager.context.bind(self)
        self._operations = Operations(manager, steps)
        self._steps_timeout = steps_timeout
        self.compute = Compute(self, self._operations)
        self.network = NetworkService(self, self._operations)
        self.storage = Storage(self, self._operations)
        self.image = Images(self, self._operations)
        self.tasks = Tasks(self, self._operations, TaskRecord)
        self._collections: dict[str, Collection[Any]] = {
            collection.kind.kind: collection
            for service in (self.compute, self.network, self.storage, self.image, self)
            for collection in vars(service).values()
            if isinstance(collection, Collection)
        }

    @property
    def about(self) -> About:
        """The server's own name, version and identity: ``product``, ``version``, ``api_version``, ``uuid``."""
        return self._manager.about()

    @property
    def native(self) -> Any:
        """The SDK's own connection, logged in. Its methods and errors are the SDK's, not hvlib's."""
        return self._manager.native()

    def collection(self, kind: str) -> Collection[Any]:
        """The collection of a kind, by the kind's name in refs (``VM``). Raises `InvalidQuery` if there is none."""
        with locating(self):
            if not isinstance(kind, str) or kind not in self._collections:
                raise InvalidQuery(f"no kind {kind!r}", hint="kinds: " + " ".join(KINDS))
            return self._collections[kind]

    def get_many(self, refs: Iterable[Ref | Resource], *, fields: Iterable[str] | None = None) -> dict[Ref, Resource]:
        """The objects of ``refs`` that exist, by ref. The refs may be of any kinds.

        One round trip for up to 500 of a kind. A server that can't return several objects at once takes more: its
        driver's page says how many.
        """
        by_kind: dict[str, list[Ref]] = {}
        with locating(self):
            wanted = as_refs(refs)
            names = None if fields is None else as_names("fields", fields)
        for ref in dict.fromkeys(wanted):
            by_kind.setdefault(ref.kind, []).append(ref)
        collections = {kind: self.collection(kind) for kind in by_kind}
        queries = {kind: collection.query(fields=names) for kind, collection in collections.items()}
        for kind, collection in collections.items():
            collection.check_provider(by_kind[kind])
        records: dict[Ref, Resource] = {}
        for kind, collection in collections.items():
            records.update(collection.read(queries[kind], by_kind[kind]))
        return records

    def watch(
        self, *collections: Collection[Any], since: WatchCursor | None = None, known: Known | None = None
    ) -> Watch[Resource]:
        """Watch several collections: one stream of their changes, over one connection. See `Collection.watch`."""
        with locating(self):
            if not collections:
                raise InvalidQuery("watch() needs at least one collection", hint="provider.watch(provider.compute.vms)")
            for collection in collections:
                if not isinstance(collection, Collection) or collection.provider is not self:
                    raise InvalidQuery(f"{collection!r} is not a collection of {self}")
            records = check_start(since, known)
        queries = [collection.query() for collection in dict.fromkeys(collections)]
        with locating(self):
            return Watch(self._manager, queries, since=since, known=records)

    def count_requests(self) -> AbstractContextManager[Requests]:
        """Count the round trips that any thread makes until the end of the block.

        >>> import hvlib
        >>> with hvlib.connect("sim://?vms=3") as provider, provider.count_requests() as requests:
        ...     names = [vm.name_label for vm in provider.compute.vms.get_all()]
        >>> requests.total
        2
        """
        return self._manager.context.counting()

    def close(self) -> None:
        """Log out. Every call and wait under way, in any thread, raises `Closed` at once. Idempotent.

        Actions that this process carries out are cancelled. Before the logout their changes are undone, in ten seconds
        at most.
        """
        try:
            self._operations.steps.cancel()
            self._manager.end_waits()
            self._operations.steps.close()
        finally:
            self._manager.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None or issubclass(kind, Exception):
                self._operations.steps.wait(self._steps_timeout)
        finally:
            self.close()

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Provider {self.name}>"
