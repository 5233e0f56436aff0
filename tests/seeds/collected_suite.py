"""``python -m seeds.collected_suite`` collects the suite once, and runs it on each breakage that it reads a line of.

To start Python and to collect take longer than most breakages live: each runs in a fork of the process that did both.
Its output is followed by a line with its status.
"""

from __future__ import annotations

import faulthandler
import os
import sys
from pathlib import Path
from typing import TextIO

import pytest

__all__ = ["BOUND", "ENDED"]

BOUND = 150.0
"""Seconds in which the suite must have caught a breakage: several run at a time, on machines that may be busy."""

ENDED = "The suite ended with status "

# Without pytest-timeout: a driver that hangs is caught by the suite itself.
OPTIONS = ("-x", "-p", "no:cacheprovider", "--timeout=0", "--tb=short", "-rfE")


class RunInForks:
    """Has pytest run its tests in forks, each with a breakage."""

    def __init__(self, breakages: TextIO) -> None:
        self._breakages = breakages

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Return None in a fork, where pytest then runs the tests; True in the end, when they have been run."""
        for line in self._breakages:
            child = os.fork()
            if not child:
                os.environ["HVLIB_BREAKAGE"] = line.removesuffix("\n")
                faulthandler.dump_traceback_later(BOUND, exit=True, file=os.dup(2))  # not what pytest captures
                return None
            _, status = os.waitpid(child, 0)
            print(f"{ENDED}{os.waitstatus_to_exitcode(status)}", flush=True)
        return True


def main() -> int:
    """Run the suite until standard input ends, which pytest takes for itself."""
    suite = str(Path(__file__).with_name("broken_suite.py"))
    with os.fdopen(os.dup(0)) as breakages:
        return pytest.main([*OPTIONS, suite], [RunInForks(breakages)])


if __name__ == "__main__":
    sys.exit(main())
