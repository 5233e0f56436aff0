"""Fixtures for the tests of the command line: `hv` in this process, and `hv` as a process of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from hvlib.cli.app import HvApp

HV = [sys.executable, "-c", "import sys; from hvlib_script import main; sys.exit(main())"]


class Ran(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no configuration apply except the test's own, in the working directory."""
    for name in ("HVLIB_PROVIDER", "HVLIB_PASSWORD", "HVLIB_CACERT", "HVLIB_CONFIG_FILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "CLIFF_FIT_WIDTH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def hv(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs ``hv`` with these arguments in this process."""

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        try:
            status = HvApp().run(list(arguments))
        except SystemExit as end:
            status = int(end.code or 0)
        return Ran(status, *capsys.readouterr())

    return run


@pytest.fixture
def start_hv() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts ``hv`` as a process, which does not outlive the test."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **streams: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*HV, *arguments], **streams)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
