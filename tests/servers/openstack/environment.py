"""The services' virtual environment, and how a program runs in it.

It is made once, in build/openstack, from the packages in constraints.txt: those in requirements.txt and all of their
dependencies. To update constraints.txt, install requirements.txt into an empty virtual environment and save its
``pip freeze``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, flock
from pathlib import Path

from servers.process import ServerFailed

__all__ = ["BUILD", "VENV", "locked", "prepare", "program", "variables"]

HERE = Path(__file__).parent
PROJECT = HERE.parents[2]
BUILD = PROJECT / "build" / "openstack"
VENV = BUILD / "venv"
LOG = BUILD / "pip.log"
PINNED = HERE / "constraints.txt"


@contextmanager
def locked() -> Iterator[None]:
    """Keep other processes from changing the folder BUILD."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield


def prepare() -> str:
    """Make the virtual environment, unless it is up to date. Returns its digest. Callers hold `locked`."""
    wanted = hashlib.sha256(PINNED.read_bytes() + sys.version.encode()).hexdigest()
    installed = VENV / ".installed"
    if installed.exists() and installed.read_text() == wanted:
        return wanted
    print(
        "installing OpenStack into build/openstack (once: about 700 MB, a minute or two)", file=sys.stderr, flush=True
    )
    shutil.rmtree(VENV, ignore_errors=True)
    venv.create(VENV, with_pip=True)
    _install()
    installed.write_text(wanted)
    return wanted


def program(module: str, *arguments: str) -> list[str]:
    """Return the command that runs one of our modules in the virtual environment."""
    return [str(VENV / "bin" / "python"), "-m", module, *arguments]


def variables() -> dict[str, str]:
    """Return the environment of such a command, without variables that the services would read as configuration."""
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith(("OS_", "PYTHON"))}
    return {
        **kept,
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONPATH": f"{HERE.parents[1]}{os.pathsep}{HERE / 'entry_points'}",
        "PYTHONWARNINGS": "ignore",
        "XDG_CACHE_HOME": str(BUILD / "cache"),  # for the entry points, which take a second to find
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }


def _install() -> None:
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--requirement", str(PINNED)]
    command = program("servers.openstack.tether", "pip", "install", *options)
    with (
        LOG.open("w") as log,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=log, stderr=log, env=variables()) as pip,
    ):
        status = pip.wait()
    if status:
        last = "".join(f"\n  {line}" for line in LOG.read_text(errors="replace").splitlines()[-5:])
        raise ServerFailed(
            "pip could not install OpenStack's services. They need Linux, Python 3.11 or newer, and a package index"
            f" that has the packages of {PINNED.relative_to(PROJECT)}: check pip's configuration, then run the command"
            f" again. {LOG} ends:{last}"
        )
