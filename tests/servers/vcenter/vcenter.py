"""VCenter: a small vCenter of our own, for what vcsim lacks. The vendor's SDK reads and writes its messages."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from urllib.parse import quote
from uuid import uuid4

from servers import door
from servers.process_server import ProcessServer, python_module

__all__ = ["VCenter"]


class VCenter(ProcessServer):
    """A vCenter with one cluster: ``vms`` machines on ``hosts`` hosts, and a template. It speaks HTTP without TLS.

    A reply has at most ``page`` objects or ``updates`` updates; with ``compress`` it is compressed. A task takes
    ``task_time`` seconds, and a guest ``guest_time`` to stop or to start. The methods below `command` are calls of its
    administrator, who needs no session.
    """

    name: ClassVar[str] = "vcenter"
    about: ClassVar[str] = "a small vCenter with faults that vcsim lacks"

    def __init__(
        self,
        vms: int = 20,
        hosts: int = 4,
        page: int = 1000,
        updates: int = 500,
        task_time: float = 0.05,
        guest_time: float = 0.05,
        compress: bool = False,
    ) -> None:
        super().__init__()
        self.user = "administrator@vsphere.local"
        self._options = {
            "vms": vms,
            "hosts": hosts,
            "page": page,
            "updates": updates,
            "task_time": task_time,
            "guest_time": guest_time,
            "gzip": compress,
            "uuid": str(uuid4()),
        }

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--vms", type=int, default=20, help="virtual machines, beside a template (%(default)s)")
        parser.add_argument("--hosts", type=int, default=4, help="hosts (%(default)s)")
        parser.add_argument("--page", type=int, default=1000, help="the most objects in a reply (%(default)s)")
        parser.add_argument("--updates", type=int, default=500, help="the most updates in a reply (%(default)s)")
        parser.add_argument("--compress", action="store_true", help="compress the replies")
        parser.add_argument(
            "--task-time", type=float, default=0.05, metavar="SECONDS", help="how long each task takes (%(default)s)"
        )
        parser.add_argument(
            "--guest-time",
            type=float,
            default=0.05,
            metavar="SECONDS",
            help="how long guests take to stop (%(default)s)",
        )

    @property
    def url(self) -> str:
        return f"vsphere+http://{quote(self.user)}@127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {"HVLIB_PROVIDER": self.url, "HVLIB_PASSWORD": self.password}

    def command(self) -> list[str]:
        options = {**self._options, "user": self.user, "password": self.password, "port": self.port}
        return python_module("servers.vcenter.server", json.dumps(options))

    def create_vm(self, name: str) -> str:
        """Make a machine that is off, with its name as the server stores it. Returns its identifier."""
        return str(self._admin("create_vm", name=name))

    def remove(self, id: str) -> None:
        """Delete a machine in any state."""
        self._admin("remove", id=id)

    def change(self, id: str, path: str, value: str) -> None:
        """Give a property of an object another value: its ``name``, as the server stores it, or its
        ``runtime.connectionState``, such as ``orphaned``.
        """
        self._admin("change", id=id, path=path, value=value)

    def set_power(self, id: str, state: str) -> None:
        """Put a machine into the state ``poweredOn``, ``poweredOff`` or ``suspended``."""
        self._admin("set_power", id=id, state=state)

    def set_template(self, id: str, template: bool) -> None:
        """Turn a machine into a template, or back."""
        self._admin("set_template", id=id, template=template)

    def ask(self, id: str, text: str, choices: Mapping[str, str]) -> None:
        """Let a machine wait for the answer to a question."""
        self._admin("ask", id=id, text=text, choices=choices)

    def deny(self, id: str, paths: Sequence[str] = ()) -> None:
        """Take away the right to read properties of an object; without ``paths``, all of them."""
        self._admin("deny", id=id, paths=paths)

    def allow_all(self) -> None:
        """Give the right to read everything."""
        self._admin("allow_all")

    def expire_sessions(self) -> None:
        """End all sessions, also while a client waits for updates."""
        self._admin("expire_sessions")

    def destroy_views(self) -> None:
        """Destroy all views, as an administrator may."""
        self._admin("destroy_views")

    def lose_versions(self) -> None:
        """Forget the versions of the updates that clients know."""
        self._admin("lose_versions")

    def leftovers(self) -> dict[str, int]:
        """Return how many ``sessions`` are logged in, and how many ``views``, ``collectors`` and ``filters`` exist."""
        return dict(self._admin("leftovers"))

    def calls(self) -> dict[str, int]:
        """Return how many SOAP calls the server received since its start, by the method's name."""
        return dict(self._admin("count_calls"))

    def compressed(self) -> int:
        """Return how many replies were compressed."""
        return int(self._admin("count_compressed"))

    def _admin(self, call: str, **arguments: Any) -> Any:
        return door.call(self.port, call, arguments)
