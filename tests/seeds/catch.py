"""Running the suite on a broken driver, and what came of it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Self

from seeds.collected_suite import ENDED

__all__ = ["Catch", "SuiteRunner"]

ROOT = Path(__file__).parents[2]


class Catch(NamedTuple):
    """``status`` is pytest's, ``test`` the first one that failed, if any did;
    ``case``: its parameters, in brackets."""

    status: int
    test: str | None
    case: str
    seconds: float
    output: str


class SuiteRunner:
    """A process that has collected the suite, and runs it on one breakage after another."""

    def __init__(self) -> None:
        tests = str(ROOT / "tests")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "seeds.collected_suite"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join((tests, os.environ.get("PYTHONPATH", "")))},
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def run(self, breakage: str) -> Catch:
        """Run the whole suite, up to the first failure. It ends by itself: see `collected_suite.BOUND`."""
        assert self._process.stdin
        begin = time.monotonic()
        print(breakage, file=self._process.stdin, flush=True)
        output, status = self._read()
        failed = re.search(r"^(?:FAILED|ERROR) \S+::(test_\w+)(\[[\w.-]+\])?", output, re.MULTILINE)
        case = (failed and failed[2]) or ""
        return Catch(status, failed and failed[1], case, time.monotonic() - begin, output)

    def _read(self) -> tuple[str, int]:
        """Return what the run printed, and its status."""
        assert self._process.stdout
        lines: list[str] = []
        for line in self._process.stdout:
            if line.startswith(ENDED):
                return "".join(lines), int(line.removeprefix(ENDED))
            lines.append(line)
        raise EOFError("".join(lines))  # the process could not collect the suite

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, and the run that is under way."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
