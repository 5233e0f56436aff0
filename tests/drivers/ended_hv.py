"""``hv vm watch`` in a process that a signal ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping

__all__ = ["check_ends_quietly"]


def check_ends_quietly(environment: Mapping[str, str], number: signal.Signals) -> None:
    """Check that the process ends with the signal's status and prints no error, once it has shown a first event."""
    hv = [sys.executable, "-c", "import sys; from hvlib.cli.app import main; sys.exit(main())", "vm", "watch"]
    surroundings = {**os.environ, **environment}
    process = subprocess.Popen(hv, env=surroundings, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (128 + number, "")
