"""``python -m seeds.collected_suite`` collects the suite once, and runs it on each breakage that it reads, one a line.

Most runs take less time than starting Python and collecting the suite. So one process does both, and each run is a fork
of it. After the output of a run, the process prints a line with the run's status.
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
"""How long a run may take, in seconds. So long because several runs are in parallel, on machines that may be busy."""

ENDED = "The suite ended with status "

# Disables pytest-timeout: the suite itself must catch a driver that hangs.
OPTIONS = ("-x", "-p", "no:cacheprovider", "--timeout=0", "--tb=short", "-rfE")


class RunInForks:
    """A pytest plugin that runs the tests in forks, one for each breakage."""

    def __init__(self, breakages: TextIO) -> None:
        self._breakages = breakages

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """Return None in a fork, where pytest then runs the tests. Return True in the parent, when the input ends."""
        for line in self._breakages:
            child = os.fork()
            if not child:
                os.environ["HVLIB_BREAKAGE"] = line.removesuffix("\n")
                # A copy of standard error, because pytest redirects the original while tests run.
                faulthandler.dump_traceback_later(BOUND, exit=True, file=os.dup(2))
                return None
            _, status = os.waitpid(child, 0)
            print(f"{ENDED}{os.waitstatus_to_exitcode(status)}", flush=True)
        return True


def main() -> int:
    """Run the suite until standard input ends. It is duplicated, because pytest replaces it."""
    suite = str(Path(__file__).with_name("broken_suite.py"))
    with os.fdopen(os.dup(0)) as breakages:
        return pytest.main([*OPTIONS, suite], [RunInForks(breakages)])


if __name__ == "__main__":
    sys.exit(main())
