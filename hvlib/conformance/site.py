"""Site: a test server, with an administrator who changes it without hvlib."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

import hvlib
from hvlib.conformance.wire import CountingProxy, Wire
from hvlib.model.resources import PowerState, Resource

__all__ = ["PROMISES", "Site"]

PROMISES = frozenset({"cancel", "idle watch", "name", "snapshots", "start after reboot"})
"""Promises that some servers can't keep, whatever the driver does: a VM's start takes long enough to be cancelled; an
idle watch asks for changes only; names may have any characters; snapshots are deleted with their VM; the server reports
when a guest that was asked to reboot has started again."""

MISSING = "the site does not have this method: write it, or name it in `unverified`, with the reason"


class Site(ABC):
    """A test server with ten VMs or more, two of which share a name, and the means of its administrator.

    The methods use the server's own interfaces, never the driver: the driver is checked against them. Objects are named
    by the server's own identifiers, the same as ``ref.id``.

    The server should have two of each kind that an action's option chooses from (networks, hosts, clusters, storage
    pools), and a new VM should have a volume: without a choice, the suite can't check the option.

    A method that the server has no means for is not overridden, and its name goes into ``unverified``.
    """

    unverified: ClassVar[Mapping[str, str]] = {}
    """The reason for each name that can't be verified on this server: methods of this class, fields and actions
    (``VM.description``, ``VM.migrate``), kinds that the server can't list (``Task``), and `PROMISES`. It is printed
    with the results. A kind may be named here only if the driver's listing of it raises `Unsupported`.
    """

    patience: ClassVar[float] = 90.0
    """The seconds after which a test that still runs fails. Raise it for a slow server."""

    examples: ClassVar[int] = 8
    """The number of random examples for each case of the mirror property. Lower it for a server with slow
    operations."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The server's address, as `hvlib.connect` takes it."""

    @property
    def options(self) -> Mapping[str, Any]:
        """The other arguments of `hvlib.connect`: ``password``, ``cacert`` ..."""
        return {}

    @property
    def address(self) -> tuple[str, int] | None:
        """The host and port of the server; None if it is inside this process."""
        parts = urlsplit(self.url)
        return None if parts.hostname is None or parts.port is None else (parts.hostname, parts.port)

    def connect(self, wire: Wire | None = None, **options: Any) -> hvlib.Provider:
        """A new provider, connected to the server directly or over a wire."""
        url = self.url
        if wire is not None and wire.address is not None:
            parts = urlsplit(url)
            user, at, _ = parts.netloc.rpartition("@")
            host, port = wire.address
            url = urlunsplit(parts._replace(netloc=f"{user}{at}{host}:{port}"))
        return hvlib.connect(url, **{**self.options, **options})

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables with which ``hvlib.connect()`` connects to the server from another process."""
        variables = {"HVLIB_PROVIDER": self.url}
        for option in ("password", "cacert"):
            if option in self.options:
                variables[f"HVLIB_{option.upper()}"] = str(self.options[option])
        return variables

    def wire(self) -> Wire:
        """A wire to the server. A site whose server is inside this process overrides this."""
        assert self.address is not None
        return CountingProxy(*self.address)

    @abstractmethod
    def truth(self, kind: type[Resource]) -> Mapping[str, Mapping[str, object]]:
        """All objects of a kind, by identifier: the server's values of each field that the driver declares.

        Values are in hvlib's units and types. A reference is the identifier of the other object.
        """

    @abstractmethod
    def create_vm(self, name_label: str) -> str:
        """Make a halted VM. Returns its identifier."""

    @abstractmethod
    def delete_vm(self, id: str) -> None:
        """Delete a VM in any state."""

    @abstractmethod
    def rename_vm(self, id: str, name_label: str) -> None:
        """Give a VM another name."""

    @abstractmethod
    def set_power(self, id: str, state: PowerState) -> None:
        """Make a VM ``running`` or ``halted``, and return when it is."""

    def set_problem(self, id: str, problem: bool) -> str | None:
        """Let a VM need a person: it asks a question, its files can't be reached ...; or let it need nobody any more.

        Returns the text that the server gives for it, or a part of that text; None where it needs nobody.
        """
        raise NotImplementedError(MISSING)

    def make_image(self, id: str) -> None:
        """Turn a halted VM into an image."""
        raise NotImplementedError(MISSING)

    def make_vm(self, id: str) -> None:
        """Turn an image of `make_image` into a VM again."""
        raise NotImplementedError(MISSING)

    def last_boot(self, id: str) -> object:
        """A value that changes with each start of a running VM's guest: the time of the start, a number ..."""
        raise NotImplementedError(MISSING)

    def guest_requests(self, id: str) -> Mapping[str, int]:
        """How often a VM's guest was asked to ``shutdown`` and to ``reboot``. Zeros may be left out."""
        raise NotImplementedError(MISSING)

    def user_data(self, id: str) -> str | None:
        """The user data that a VM's guest got when the VM was created."""
        raise NotImplementedError(MISSING)

    def log(self) -> Sequence[Hashable]:
        """The changing requests that the server has carried out for its clients, by its own record, oldest first.

        A request is an action with its target and its arguments: equal requests are equal. Requests that the server
        refused are left out. A request is in the log once its reply, or the end of the task that it began, is known.
        """
        raise NotImplementedError(MISSING)

    def expire_sessions(self) -> None:
        """End every session."""
        raise NotImplementedError(MISSING)

    def lose_cursors(self) -> None:
        """Make the server unable to continue any cursor that it has given out so far."""
        raise NotImplementedError(MISSING)

    def restart(self) -> None:
        """Stop the server and start it again, at the same address and with the same identity."""
        raise NotImplementedError(MISSING)

    def leftovers(self) -> Mapping[str, int]:
        """The number of objects that the server holds for its clients, by type: sessions, and objects of a session."""
        raise NotImplementedError(MISSING)
