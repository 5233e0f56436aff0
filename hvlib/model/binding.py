"""The part of a provider that records, refs, tasks and errors use.

They are in a lower layer than the provider itself (`hvlib.api`), so they know only these protocols.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

__all__ = ["BoundCollection", "BoundProvider"]


class BoundCollection(Protocol):
    """The part of a collection that its records use."""

    def get(self, ref: Any) -> Any:
        """`hvlib.Collection.get`."""

    def wait_for(self, ref: Any, *, timeout: float = 300.0, **fields: object) -> Any:
        """`hvlib.Collection.wait_for`."""

    def do(self, ref: Any, action: Any, *, dry_run: bool = False, label: str = "") -> Any:
        """`hvlib.Collection.do`."""


class BoundProvider(Protocol):
    """The part of a provider that its records, refs, tasks and errors use."""

    name: str
    compute: Any
    network: Any
    storage: Any
    image: Any
    tasks: Any

    @property
    def about(self) -> Any:
        """`hvlib.Provider.about`."""

    @property
    def native(self) -> Any:
        """`hvlib.Provider.native`."""

    def collection(self, kind: str) -> BoundCollection:
        """`hvlib.Provider.collection`."""

    def get_many(self, refs: Iterable[Any], *, fields: Iterable[str] | None = None) -> Any:
        """`hvlib.Provider.get_many`."""

    def watch(self, *collections: Any, since: Any = None, known: Any = None) -> Any:
        """`hvlib.Provider.watch`."""

    def count_requests(self) -> Any:
        """`hvlib.Provider.count_requests`."""

    def close(self) -> None:
        """`hvlib.Provider.close`."""
