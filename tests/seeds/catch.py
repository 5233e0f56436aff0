"""Running the suite on a broken driver, and the result."""

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
    """A run's result: pytest's ``status``, the first ``test`` that failed, its parameters in brackets (``case``)."""

    status: int
    test: str | None
    case: str
    seconds: float
    output: str


class SuiteRunner:
    """A process that collects the suite once, and runs it on one breakage after another."""

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
        """Run the suite up to the first failure, for at most `collected_suite.BOUND` seconds."""
        assert self._process.stdin
        begin = time.monotonic()
        print(breakage, file=self._process.stdin, flush=True)
        output, status = self._read()
        failed = re.search(r"^(?:FAILED|ERROR) \S+::(test_\w+)(\[[\w.-]+\])?", output, re.MULTILINE)
        case = (failed and failed[2]) or ""
        return Catch(status, failed and failed[1], case, time.monotonic() - begin, output)

    def _read(self) -> tuple[str, int]:
        """Return the output of the run, and its status."""
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
        """Kill the process and the current run."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()
