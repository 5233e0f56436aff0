"""Session: one login to one server. Driver: makes sessions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from hvlib.driver.adapter import Adapter
from hvlib.driver.context import Context
from hvlib.driver.feed import Feed
from hvlib.model.about import About
from hvlib.model.endpoint import Endpoint
from hvlib.model.errors import ConfigError
from hvlib.model.event import WatchCursor
from hvlib.model.query import Query
from hvlib.model.ref import Ref
from hvlib.model.resources import Resource

__all__ = ["Driver", "Session"]


class Session(ABC):
    """One login to one server. Threads share it after `login`."""

    poll_interval: float = 10.0
    """Seconds between two listings of a watch where `feed` returns None. An option of the address may set it."""

    @property
    @abstractmethod
    def adapters(self) -> Mapping[type[Resource], Adapter[Any]]:
        """The adapter of each kind that this server has. Core reads it only after `login`."""

    @property
    @abstractmethod
    def native(self) -> Any:
        """The SDK's own connection, for ``provider.native``."""

    @abstractmethod
    def login(self) -> None:
        """Log in. Core calls it at first use, and again once for all threads after `SessionLost`.

        Raises `AuthenticationFailed` where the server refuses the login itself, even if the server answers a wrong
        password and a lost session alike. Raises `SessionLost` where the server accepted the login and dropped its
        session at once: core logs in again, three times at most, and then raises `ConnectionFailed`.
        """

    @abstractmethod
    def about(self) -> About:
        """The server's own name, version and identity. Core calls it only after `login`."""

    @abstractmethod
    def close(self) -> None:
        """Log out and end the calls under way, from any thread. Ends within a bounded time; never raises.

        Core may also call it after a failed `login` and during one: if the server then accepts that login, its session
        is ended.
        """

    def forget(self, task: Ref) -> None:  # noqa: B027 -- most servers forget tasks by themselves
        """Note that core has read the end of a task that this session started. Sends nothing.

        If the server keeps tasks for ever, the driver may remove this one with the next action or in `close`.
        """

    def feed(
        self,
        queries: Sequence[Query[Any]],  # noqa: ARG002 -- for drivers that override this
        since: WatchCursor | None,  # noqa: ARG002
    ) -> Feed | None:
        """A subscription to the kinds of ``queries``, or to their ``refs``. Core checks the filters of ``queries``.

        If ``since`` is None, the feed begins with all objects, each as an `Upsert`, and the last batch of these is
        ``synced``. Raises `CursorLost` for a cursor that it can't continue. Returns None, the default, where the server
        keeps no changes: core then lists the kinds again and again, and compares.
        """
        return None


class Driver(ABC):
    """The class that an entry point of ``hvlib.drivers`` names."""

    description: ClassVar[str] = ""
    """One line for people."""

    options: ClassVar[frozenset[str]] = frozenset()
    """The names that ``Endpoint.options`` may have."""

    transports: ClassVar[frozenset[str]] = frozenset()
    """The words that may follow the ``+`` of a scheme: ``http`` for ``xenapi+http``."""

    def check(self, endpoint: Endpoint) -> None:
        """Raise `ConfigError` for a transport or an option that the driver does not have."""
        if endpoint.transport is not None and endpoint.transport not in self.transports:
            schemes = [endpoint.driver, *(f"{endpoint.driver}+{name}" for name in sorted(self.transports))]
            known = " ".join(f"{scheme}://" for scheme in schemes)
            raise ConfigError(f"{endpoint.driver} has no transport {endpoint.transport!r}", hint=f"it has {known}")
        unknown = sorted(set(endpoint.options) - self.options)
        if unknown:
            known = " ".join(sorted(self.options)) or "none"
            raise ConfigError(f"{endpoint.scheme}:// has no option {unknown[0]!r}", hint=f"options: {known}")

    @abstractmethod
    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet. Does no input or output."""
