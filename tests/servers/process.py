"""A server that runs as a separate process.

The process prints one line of JSON on standard output when it is ready, and ends when its standard input closes. So it
can't outlive the process that started it, even if that was killed.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["ServerFailed", "ServerProcess", "StartingProcess"]

START_TIMEOUT = 120.0
STOP_TIMEOUT = 5.0
LAST_LINES = 10


class ServerFailed(Exception):
    """A server did not become ready. The message ends with the last lines of its log."""


class StartingProcess:
    """A server that has been started but may not be ready yet."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        environment: Mapping[str, str],
        folder: Path | None = None,
        sockets: Sequence[socket.socket] = (),
    ) -> None:
        """Start the server in a working folder, and let it inherit sockets."""
        self._name = name
        self._log = log
        with log.open("w") as errors:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                cwd=folder,
                pass_fds=[each.fileno() for each in sockets],
                process_group=0,  # Ctrl-C must not end it: clients log out first
            )

    def wait_ready(self) -> dict[str, str]:
        """Wait until the server is ready; return its first line. Raises `ServerFailed` if it ends or takes too long."""
        ready: dict[str, str] = json.loads(self._first_line())
        return ready

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    def stop(self) -> None:
        """Terminate the process, and kill it if that is not enough. Returns when it has ended."""
        process = self._process
        assert process.stdin
        assert process.stdout
        process.terminate()
        with contextlib.suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _first_line(self) -> bytes:
        output = self._process.stdout
        assert output
        line = b""
        deadline = time.monotonic() + START_TIMEOUT
        with selectors.DefaultSelector() as selector:
            selector.register(output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                if not selector.select(deadline - time.monotonic()):
                    raise self._failure(f"was not ready within {START_TIMEOUT:.0f} seconds")
                read = output.read1()  # type: ignore[attr-defined]
                if not read:
                    raise self._failure(f"ended with status {self._process.wait()} before it was ready")
                line += read
        return line

    def _failure(self, what: str) -> ServerFailed:
        last = self._log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return ServerFailed("\n".join([f"the server {self._name} {what}", *(f"  {line}" for line in last)]))


class ServerProcess(StartingProcess):
    """A running server. The constructor starts it and returns when it is ready; `ready` is its first line."""

    def __init__(self, name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> None:
        super().__init__(name, command, log=log, environment=environment)
        try:
            self.ready = self.wait_ready()
        except BaseException:
            self.stop()
            raise
