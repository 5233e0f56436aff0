"""Provider: one endpoint that you are connected to, and its services."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any, Self

from hvlib.collection import Collection
from hvlib.connection import Connection, Requests
from hvlib.driver import About
from hvlib.errors import InvalidQuery
from hvlib.ref import Ref
from hvlib.resources import KINDS, Resource, TaskRecord
from hvlib.services import Compute, Images, NetworkService, Storage
from hvlib.watch import Known, Watch, WatchCursor

__all__ = ["Provider"]


class Provider:
    """A vCenter or ESXi, a Xen pool, an OpenStack region, a simulated lab: what `hvlib.connect` returns.

    It logs in when first used, and out when closed: at the end of a ``with`` block, by `close`, or at the latest when
    the interpreter exits. Threads may share it.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        self.name = name
        """The entry of hvlib.yaml, or the address, that it was connected by."""
        self._connection = connection
        connection.bind(self)
        self.compute = Compute(self, connection)
        self.network = NetworkService(self, connection)
        self.storage = Storage(self, connection)
        self.image = Images(self, connection)
        self.tasks: Collection[TaskRecord] = Collection(self, connection, TaskRecord)
        self._collections: dict[str, Collection[Any]] = {
            collection.kind.kind: collection
            for service in (self.compute, self.network, self.storage, self.image, self)
            for collection in vars(service).values()
            if isinstance(collection, Collection)
        }

    @property
    def about(self) -> About:
        """What the server says of itself: ``product version api_version uuid``."""
        return self._connection.read(lambda session: session.about())

    @property
    def native(self) -> Any:
        """The SDK's own connection, logged in: what it can do is its own business."""
        return self._connection.read(lambda session: session.native)

    def collection(self, kind: str) -> Collection[Any]:
        """The collection of a kind, by the name that refs give it (``VM``). Raises `InvalidQuery` if there is none."""
        if kind not in self._collections:
            raise InvalidQuery(f"no kind {kind!r}", hint="kinds: " + " ".join(KINDS))
        return self._collections[kind]

    def get_many(self, refs: Iterable[Ref], *, fields: Iterable[str] | None = None) -> dict[Ref, Resource]:
        """Those of ``refs`` that exist, by ref, of any kinds: one round trip for up to 500 of a kind.

        A server that can't be asked for several objects takes more: its driver's page says how many.
        """
        by_kind: dict[str, list[Ref]] = {}
        for ref in refs:
            by_kind.setdefault(ref.kind, []).append(ref)
        found: dict[Ref, Resource] = {}
        for kind, members in by_kind.items():
            found.update(self.collection(kind).get_many(members, fields=fields))
        return found

    def watch(
        self, *collections: Collection[Any], since: WatchCursor | None = None, known: Known | None = None
    ) -> Watch[Resource]:
        """One stream of the changes of several collections, over one connection. See `Collection.watch`."""
        if not collections:
            raise InvalidQuery("watch() needs at least one collection", hint="provider.watch(provider.compute.vms)")
        with self._connection.reported():
            for collection in collections:
                if collection.provider is not self:
                    raise InvalidQuery(f"{collection!r} is not of {self}")
        queries = [collection._query() for collection in dict.fromkeys(collections)]
        return Watch(self._connection, queries, since=since, known=known)

    def count_requests(self) -> AbstractContextManager[Requests]:
        """Count the round trips that any thread makes until the end of the block.

        >>> import hvlib
        >>> with hvlib.connect("sim://?vms=3") as provider, provider.count_requests() as requests:
        ...     names = [vm.name_label for vm in provider.compute.vms.get_all()]
        >>> requests.total
        2
        """
        return self._connection.context.counting()

    def close(self) -> None:
        """Log out. Every call and wait under way, in any thread, raises `Closed` at once. Idempotent."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def __str__(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return f"<Provider {self.name}>"
