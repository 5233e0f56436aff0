"""Look at a test server and `tests/servers/run` from outside: ports, and the environment that a command gets."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["RUN", "environment_of_run", "listens", "run_until_killed"]

RUN = str(Path(__file__).parent / "run")
STATUS = 3
PRINT = (
    "import json, os; "
    "print(json.dumps({k: v for k, v in os.environ.items() if k.startswith(('HVLIB', 'OS_'))}), flush=True)"
)


def listens(address: str, port: int) -> bool:
    """Return whether anything accepts connections at an address and port."""
    with socket.socket() as connection:
        return connection.connect_ex((address, port)) == 0


def environment_of_run(*arguments: str, timeout: float = 60) -> dict[str, str]:
    """Let `run` run a command, and return the command's variables. Checks that `run` returns the command's status."""
    command = [RUN, *arguments, "--", sys.executable, "-c", f"{PRINT}; raise SystemExit({STATUS})"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, timeout=timeout, check=False)
    assert done.returncode == STATUS
    environment: dict[str, str] = json.loads(done.stdout)
    return environment


@contextmanager
def run_until_killed(*arguments: str) -> Iterator[tuple[dict[str, str], int]]:
    """Yield the variables of a command that waits, and the process id of `run`. Kills `run` at the end."""
    command = [RUN, *arguments, "--", sys.executable, "-c", f"{PRINT}; input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            environment: dict[str, str] = json.loads(process.stdout.readline())
            yield environment, process.pid
        finally:
            process.kill()
