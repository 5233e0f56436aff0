"""The console script ``hv``: Ctrl-C ends it quietly at any moment, also while Python imports the command line.

This module stands beside the package `hvlib`, not in it: Python imports a package before its modules, and importing the
package takes most of the time. For the same reason this module imports so little.
"""

from __future__ import annotations

import os
import signal

__all__ = ["main"]

INTERRUPTED = 130


def main() -> int:
    """Run `hvlib.cli.app.main` and return the exit status."""
    handle_interrupts(end_at_once)
    from hvlib.cli.app import main as run

    try:
        try:
            handle_interrupts(signal.default_int_handler)
            return run()
        finally:
            handle_interrupts(end_at_once)
    except KeyboardInterrupt:
        return INTERRUPTED


def handle_interrupts(handler: signal._HANDLER) -> None:
    """Install a handler of SIGINT. A process that was started with SIGINT ignored goes on ignoring it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


def end_at_once(number: int, frame: object) -> None:  # noqa: ARG001
    """Handle SIGINT while no command runs: nothing has to be closed, and a KeyboardInterrupt could turn up anywhere."""
    os._exit(INTERRUPTED)
