"""Running the suite on a broken driver, and what came of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

__all__ = ["BOUND", "Catch", "run_suite"]

BOUND = 150.0
"""Seconds in which the suite must have caught a breakage: three run at a time, on machines that may be busy."""

ROOT = Path(__file__).parents[2]

# Without pytest-timeout: a driver that hangs is caught by the suite itself.
COMMAND = (sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "--timeout=0", "--tb=short", "-rfE")


class Catch(NamedTuple):
    """``status`` is pytest's, ``test`` the first one that failed, if any did;
    ``case``: its parameters, in brackets."""

    status: int
    test: str | None
    case: str
    seconds: float
    output: str


def run_suite(breakage: str) -> Catch:
    """The whole suite, up to the first failure. Raises `subprocess.TimeoutExpired`: the suite bounds itself."""
    environment = {**os.environ, "HVLIB_BREAKAGE": breakage}
    command = [*COMMAND, str(ROOT / "tests/seeds/broken_suite.py")]
    begin = time.monotonic()
    done = subprocess.run(
        command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=BOUND, check=False
    )
    failed = re.search(r"^(?:FAILED|ERROR) \S+::(test_\w+)(\[[\w.-]+\])?", done.stdout, re.MULTILINE)
    return Catch(
        done.returncode,
        failed and failed[1],
        (failed and failed[2]) or "",
        time.monotonic() - begin,
        done.stdout + done.stderr,
    )
