"""vcsim: a vCenter, simulated. The server is the Go program in the folder vcsim, on govmomi's simulator."""

from __future__ import annotations

import http.client
import json
import ssl
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from servers import go_toolchain
from servers.process_server import ProcessServer

__all__ = ["Vcsim"]

USER = "administrator@vsphere.local"
PROBE_TIMEOUT = 10.0


class Vcsim(ProcessServer):
    """A vCenter with one cluster: ``vms`` virtual machines on ``hosts`` hosts, and a template.

    With ``stock`` it has the simulator's own inventory: a host and ``clusters``, each with ``machines`` in its pool;
    with ``esx`` it is a single host. A session ends when it was idle for ``session_idle`` seconds. Each method takes
    ``delay`` milliseconds, each task ``task_delay`` milliseconds.
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
        stock: bool = False,
        esx: bool = False,
        clusters: int = 1,
        machines: int = 2,
    ) -> None:
        super().__init__()
        self.user = USER
        self._options = {
            "vms": str(vms),
            "hosts": str(hosts),
            "session-idle": f"{session_idle or 0}s",
            "delay": f"{delay}ms",
            "task-delay": f"{task_delay}ms",
            "stock": str(stock).lower(),
            "esx": str(esx).lower(),
            "clusters": str(clusters),
            "machines": str(machines),
        }

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--vms", type=int, default=20, help="virtual machines, beside a template (%(default)s)")
        parser.add_argument("--hosts", type=int, default=4, help="hosts (%(default)s)")
        parser.add_argument(
            "--stock", action="store_true", help="the simulator's own inventory: --clusters and --machines count"
        )
        parser.add_argument("--esx", action="store_true", help="a single host with --machines, not a vCenter")
        parser.add_argument("--clusters", type=int, default=1, help="clusters, beside one host (%(default)s)")
        parser.add_argument("--machines", type=int, default=2, help="virtual machines in each pool (%(default)s)")
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
        return self.folder / "ca.pem"

    @property
    def certificate(self) -> tuple[Path, Path]:
        """The PEM files of the server's certificate and its key, for a proxy at another port."""
        return self.folder / "server.pem", self.folder / "server.key"

    @property
    def environment(self) -> dict[str, str]:
        return {**super().environment, "HVLIB_PASSWORD": self.password, "HVLIB_CACERT": str(self.cacert)}

    def start(self) -> None:
        self.build()
        super().start()
        self.calls()  # raises unless the server answers, with a certificate that is valid

    def command(self) -> list[str]:
        options = {
            **self._options,
            "user": self.user,
            "password": self.password,
            "certificates": str(self.folder),
            "listen": f"127.0.0.1:{self.port}",
        }
        return [str(go_toolchain.executable(self.source)), *(f"-{name}={value}" for name, value in options.items())]

    def variables(self) -> dict[str, str]:
        return {"TMPDIR": str(self.folder)}  # for the simulated datastore's files, which are removed with the folder

    def remember(self, ready: Mapping[str, str]) -> None:
        self.port = int(ready["address"].rpartition(":")[2])

    def calls(self) -> dict[str, int]:
        """Return how many SOAP calls the server received since its start, by the method's name."""
        return self._read("/hvlib/calls")

    def leftovers(self) -> dict[str, int]:
        """Return how many ``sessions`` are logged in, and how many ``views``, ``collectors`` and ``filters`` exist."""
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
