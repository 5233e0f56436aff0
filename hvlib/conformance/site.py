"""Site: a test server, with its administrator, who acts there behind hvlib's back."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit, urlunsplit

import hvlib
from hvlib.conformance.wire import CountingProxy, Wire
from hvlib.model.resources import PowerState, Resource

__all__ = ["PROMISES", "Site"]

PROMISES = frozenset({"cancel", "idle watch", "name", "snapshots", "start after reboot"})
"""What a server may be unable to keep, whatever its driver does: a VM's start that takes long enough to be cancelled; a
watch that asks for nothing but changes; names with any characters; snapshots that go with their VM; to tell when the
guest has started again that was asked to reboot."""

MISSING = "the site lacks this method: write it, or name it in `unverified`, with the reason"


class Site(ABC):
    """A test server that holds ten VMs or more, two of which share a name, and what its administrator can do.

    The methods act on the server by its own means, never through the driver: what they say is what the driver is
    measured by. Objects are named by the server's own identifiers, those of ``ref.id``.

    Of what an action's option chooses from (networks, hosts, clusters, storage pools) it should have two, and a VM that
    is made should have a volume: where there is no choice, nobody sees whether the option is heeded.

    A method that the server has no means for stays as it is here, and its name goes into ``unverified``.
    """

    unverified: ClassVar[Mapping[str, str]] = {}
    """What can't be verified on this server, and why: the names of methods of this class, of fields and actions
    (``VM.description``, ``VM.migrate``), of kinds that the server can't list (``Task``), and of `PROMISES`. It is
    printed with the results. A kind may be named here only if its driver says the same: `Unsupported` from a listing.
    """

    patience: ClassVar[float] = 90.0
    """Seconds in which each test must be over: one that still runs then has failed. More for a slow server."""

    examples: ClassVar[int] = 8
    """Random examples that the mirror property is tried on, for each case. Fewer for a server whose operations take
    long."""

    @property
    @abstractmethod
    def url(self) -> str:
        """The server's address, as `hvlib.connect` takes it."""

    @property
    def options(self) -> Mapping[str, Any]:
        """What else `hvlib.connect` needs: ``password``, ``cacert`` ..."""
        return {}

    @property
    def address(self) -> tuple[str, int] | None:
        """Where the server listens; None if it is inside of this process."""
        parts = urlsplit(self.url)
        return None if parts.hostname is None or parts.port is None else (parts.hostname, parts.port)

    def connect(self, wire: Wire | None = None, **options: Any) -> hvlib.Provider:
        """A provider of its own: straight to the server, or over a wire."""
        url = self.url
        if wire is not None and wire.address is not None:
            parts = urlsplit(url)
            user, at, _ = parts.netloc.rpartition("@")
            host, port = wire.address
            url = urlunsplit(parts._replace(netloc=f"{user}{at}{host}:{port}"))
        return hvlib.connect(url, **{**self.options, **options})

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which ``hvlib.connect()`` reaches the server from another process."""
        variables = {"HVLIB_PROVIDER": self.url}
        for option in ("password", "cacert"):
            if option in self.options:
                variables[f"HVLIB_{option.upper()}"] = str(self.options[option])
        return variables

    def wire(self) -> Wire:
        """A wire to the server. A server inside of this process brings one of its own kind."""
        assert self.address is not None
        return CountingProxy(*self.address)

    @abstractmethod
    def truth(self, kind: type[Resource]) -> Mapping[str, Mapping[str, object]]:
        """All objects of a kind, by identifier: each field that the driver declares, as the server itself has it.

        In hvlib's units and types. A reference is the identifier of the other object.
        """

    @abstractmethod
    def create_vm(self, name_label: str) -> str:
        """Make a halted VM; its identifier."""

    @abstractmethod
    def delete_vm(self, id: str) -> None:
        """Delete a VM, whatever state it is in."""

    @abstractmethod
    def rename_vm(self, id: str, name_label: str) -> None:
        """Give a VM another name."""

    @abstractmethod
    def set_power(self, id: str, state: PowerState) -> None:
        """Make a VM ``running`` or ``halted``; it is when this returns."""

    def make_image(self, id: str) -> None:
        """Turn a halted VM into an image."""
        raise NotImplementedError(MISSING)

    def make_vm(self, id: str) -> None:
        """Turn such an image into a VM again."""
        raise NotImplementedError(MISSING)

    def last_boot(self, id: str) -> object:
        """What tells the last start of a running VM's guest from every other: its time, a number ..."""
        raise NotImplementedError(MISSING)

    def guest_requests(self, id: str) -> Mapping[str, int]:
        """How often a VM's guest was asked to ``shutdown`` and to ``reboot``; what is 0 may be left out."""
        raise NotImplementedError(MISSING)

    def user_data(self, id: str) -> str | None:
        """What was handed to a VM's guest when the VM was created."""
        raise NotImplementedError(MISSING)

    def expire_sessions(self) -> None:
        """End every session."""
        raise NotImplementedError(MISSING)

    def lose_cursors(self) -> None:
        """Make every cursor that was given out so far one that can't be continued."""
        raise NotImplementedError(MISSING)

    def restart(self) -> None:
        """End the server and start it again, at the same address and with the same identity."""
        raise NotImplementedError(MISSING)

    def leftovers(self) -> Mapping[str, int]:
        """How many things the server holds for its clients, by name: sessions, and what belongs to one."""
        raise NotImplementedError(MISSING)
