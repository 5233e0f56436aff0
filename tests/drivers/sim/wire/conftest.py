"""Fixtures for the tests of a lab that processes share: the lab, and processes that end with the test."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hvlib_sim.lab.lab_creation import create_lab
from hvlib_sim.lab.settings import Settings

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """A lab of 20 VMs with short tasks."""
    create_lab(tmp_path / "lab.db", Settings(task_time=0.01))
    return tmp_path / "lab.db"


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a Python program; its output is text."""
    started: list[subprocess.Popen[str]] = []

    def start(program: str | Path, *arguments: object, **streams: Any) -> subprocess.Popen[str]:
        command_line = [str(program)] if isinstance(program, Path) else ["-c", program]
        given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        process = subprocess.Popen([sys.executable, *command_line, *map(str, arguments)], text=True, **given)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def hv(start: Start) -> Start:
    """Starts ``hv``."""
    program = "import sys; from hvlib.cli.app import main; sys.exit(main())"
    return lambda *arguments, **streams: start(program, *arguments, **streams)


@pytest.fixture
def run_hv(hv: Start) -> Callable[..., tuple[int, str, str]]:
    """Runs ``hv``, and returns its exit status and its output."""

    def run(*arguments: object) -> tuple[int, str, str]:
        process = hv(*arguments)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    return run
