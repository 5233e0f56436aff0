"""vcsim: a vCenter, simulated. The server is the Go program in the folder vcsim, on govmomi's simulator."""

from __future__ import annotations

import http.client
import json
import os
import secrets
import ssl
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from servers import go_toolchain
from servers.process import ServerProcess
from servers.server import Server

__all__ = ["Vcsim"]

USER = "administrator@vsphere.local"
PROBE_TIMEOUT = 10.0


class Vcsim(Server):
    """A vCenter with one cluster: ``vms`` virtual machines on ``hosts`` hosts, and a template.

    A session that was idle for ``session_idle`` seconds is ended. Each method takes ``delay`` milliseconds, each task
    ``task_delay``.
    """

    name: ClassVar[str] = "vcsim"
    about: ClassVar[str] = "a simulated vCenter"
    source: ClassVar[Path] = Path(__file__).parent / "vcsim"

    def __init__(
        self,
        vms: int = 20,
        hosts: int = 4,
        session_idle: float | None = None,
        delay: int = 0,
        task_delay: int = 0,
    ) -> None:
        self.user = USER
        self.password = secrets.token_urlsafe(12)
        self.port = 0  # any, until the first start chose one
        self._options = {
            "vms": str(vms),
            "hosts": str(hosts),
            "session-idle": f"{session_idle or 0}s",
            "delay": f"{delay}ms",
            "task-delay": f"{task_delay}ms",
        }
        self._folder = tempfile.TemporaryDirectory(prefix="hvlib-vcsim-")
        self._process: ServerProcess | None = None

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--vms", type=int, default=20, help="virtual machines, beside a template (%(default)s)")
        parser.add_argument("--hosts", type=int, default=4, help="hosts (%(default)s)")
        parser.add_argument("--session-idle", type=float, metavar="SECONDS", help="end sessions idle this long (never)")
        parser.add_argument(
            "--delay", type=int, default=0, metavar="MILLISECONDS", help="how long each method takes (%(default)s)"
        )
        parser.add_argument(
            "--task-delay", type=int, default=0, metavar="MILLISECONDS", help="how long each task takes (%(default)s)"
        )

    @property
    def url(self) -> str:
        return f"vsphere://{quote(self.user)}@127.0.0.1:{self.port}"

    @property
    def cacert(self) -> Path:
        """The PEM file that verifies the server. It exists from the first start until the end."""
        return Path(self._folder.name, "ca.pem")

    @property
    def certificate(self) -> tuple[Path, Path]:
        """The PEM files of the server's certificate and its key, for who stands in for it at another port."""
        return Path(self._folder.name, "server.pem"), Path(self._folder.name, "server.key")

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "HVLIB_PASSWORD": self.password, "HVLIB_CACERT": str(self.cacert)}

    def start(self) -> None:
        self.build()
        folder = self._folder.name
        options = {
            **self._options,
            "user": self.user,
            "password": self.password,
            "certificates": folder,
            "listen": f"127.0.0.1:{self.port}",
        }
        self._process = ServerProcess(
            self.name,
            [str(go_toolchain.executable(self.source)), *(f"-{name}={value}" for name, value in options.items())],
            log=Path(folder, "log"),
            # The files of the simulated datastore go into the folder too, and with it.
            environment={**os.environ, "TMPDIR": folder},
        )
        self.port = int(self._process.ready["address"].rpartition(":")[2])
        self.calls()  # raises unless the server answers, and is who it says

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None

    def close(self) -> None:
        super().close()
        self._folder.cleanup()

    def calls(self) -> dict[str, int]:
        """How many SOAP calls the server received since its start, by the method's name."""
        return self._read("/hvlib/calls")

    def leftovers(self) -> dict[str, int]:
        """How many ``sessions`` are logged in, and the ``views``, ``collectors`` and ``filters`` that they made."""
        return self._read("/hvlib/leftovers")

    def _read(self, path: str) -> dict[str, int]:
        context = ssl.create_default_context(cafile=str(self.cacert))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PROBE_TIMEOUT, context=context)
        try:
            connection.request("GET", path)
            counts: Any = json.load(connection.getresponse())
        finally:
            connection.close()
        return dict(counts)
