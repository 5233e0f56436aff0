"""What all tests share: processes that they start heed Ctrl-C and a hangup, also where the tests themselves do not."""

from __future__ import annotations

import signal


def pytest_configure() -> None:
    """Ignore by a handler the signals that a background job or nohup ignores.

    A process inherits ignored signals, but no handlers: in those that the tests start, the default holds.
    """
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)
