"""Tests of `tests/servers/run`: its arguments, its command, and a server that fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from servers.observing import RUN
from servers.process import ServerFailed, ServerProcess


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([RUN, *arguments], capture_output=True, text=True, timeout=30, check=False)


def test_command_gets_the_environment() -> None:
    done = run(
        "sim", "--vms", "7", "--seed", "3", "--", sys.executable, "-c", "import os; print(os.environ['HVLIB_PROVIDER'])"
    )
    assert done.stdout == "sim://?vms=7&hosts=4&seed=3\n"
    assert done.returncode == 0


def test_run_returns_the_status_of_the_command() -> None:
    assert run("sim", "--", "sh", "-c", "exit 7").returncode == 7


def test_command_ended_by_a_signal_gives_the_status_of_a_shell() -> None:
    assert run("sim", "--", "sh", "-c", "kill -KILL $$").returncode == 128 + signal.SIGKILL


def test_command_that_does_not_exist() -> None:
    done = run("sim", "--", "no-such-command")
    assert done.returncode == 127
    assert done.stderr == "run: no-such-command: No such file or directory\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "which server?"),
        (("nope", "--", "true"), "invalid choice: 'nope'"),
        (("sim",), "no command"),
        (("sim", "--"), "no command"),
        (("sim", "--nope", "--", "true"), "unrecognized arguments: --nope"),
    ],
)
def test_usage_error_lists_the_servers(arguments: tuple[str, ...], message: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert message in done.stderr
    assert "run sim [-h] [--vms VMS]" in done.stderr
    assert "run vcsim [-h] [--vms VMS]" in done.stderr


def test_terminating_run_ends_the_command() -> None:
    process = subprocess.Popen(
        [RUN, "sim", "--", "sh", "-c", "echo $$; exec sleep 60"], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout
        command = int(process.stdout.readline())
        process.terminate()
        assert process.wait(10) == 128 + signal.SIGTERM
    with pytest.raises(ProcessLookupError):
        os.kill(command, 0)


def test_error_quotes_the_log_of_a_server_that_dies_early(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "raise SystemExit('the port is taken')"]
    with pytest.raises(
        ServerFailed, match=r"the server odd ended with status 1 before it was ready\n  the port is taken"
    ):
        ServerProcess("odd", command, log=tmp_path / "log", environment=os.environ)
