"""A test server that runs as a separate process, with a port on loopback."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

from servers.process import ServerProcess
from servers.server import Server

__all__ = ["ProcessServer", "python_module"]

TESTS = Path(__file__).resolve().parents[1]


class ProcessServer(Server):
    """A server with its process, port, password and folder.

    | password: a random one, which the process gets when it starts
    | port: 0, which means any, until the first start has chosen one
    """

    def __init__(self) -> None:
        self.password = secrets.token_urlsafe(12)
        self.port = 0
        self._temporary = tempfile.TemporaryDirectory(prefix=f"hvlib-{self.name}-")
        self._process: ServerProcess | None = None

    @property
    def folder(self) -> Path:
        """A folder for the server's files, which exists until `close`."""
        return Path(self._temporary.name)

    @property
    def ready(self) -> Mapping[str, str]:
        """The line that the running process printed when it was ready."""
        assert self._process
        return self._process.ready

    def start(self) -> None:
        self._process = ServerProcess(
            self.name, self.command(), log=self.folder / "log", environment={**os.environ, **self.variables()}
        )
        self.remember(self.ready)

    def stop(self) -> None:
        if self._process:
            self._process.stop()
            self._process = None

    def close(self) -> None:
        super().close()
        self._temporary.cleanup()

    @abstractmethod
    def command(self) -> Sequence[str]:
        """Return the command for `start`. It listens at `port`: 0 at the first start, then the chosen port."""

    def variables(self) -> dict[str, str]:
        """Return the variables to add to the process's environment. With these it can import modules of tests/."""
        return {"PYTHONPATH": str(TESTS)}

    def remember(self, ready: Mapping[str, str]) -> None:
        """Remember the port at which the process listens, to start it there again."""
        self.port = int(ready["port"])


def python_module(name: str, *arguments: str) -> list[str]:
    """Return the command that runs a module with this interpreter."""
    return [sys.executable, "-m", name, *arguments]
