"""Faults on request, such as a network, a proxy or a dying server causes; and the number of calls."""

from __future__ import annotations

import fnmatch
import threading
from collections import Counter
from dataclasses import dataclass

__all__ = ["KINDS", "Fault", "Faults"]

KINDS = {
    "drop_request": "the connection ends before the call is acted on",
    "drop_reply": "the call is acted on, and the connection ends instead of a reply",
    "http_500": "the call is not acted on; the reply is a page of HTML that says 500",
    "truncate": "the call is acted on, and the connection ends in the middle of the reply",
    "freeze": "the call is acted on, and the reply waits until `thaw`",
    "nan": "floats in the reply are NaN, which JSON can't express",
    "session_lost": "the caller's session ends before the call is checked",
}


@dataclass(slots=True)
class Fault:
    """A fault of the next ``times`` calls of the messages that ``method`` matches, after the first ``skip`` of them.

    ``method``: the name in the call, such as ``Async.VM.start``; ``*`` in it stands for any text.
    """

    kind: str
    method: str = "*"
    times: int = 1
    skip: int = 0


class Faults:
    """The faults to come, and the numbers of calls so far."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._thawed = threading.Event()
        self._calls: Counter[str] = Counter()

    def add(self, fault: Fault) -> None:
        """Add a fault. Raises ValueError if there is no such kind."""
        if fault.kind not in KINDS:
            raise ValueError(f"{fault.kind} is none of {', '.join(KINDS)}")
        with self._lock:
            self._thawed.clear()
            self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults, and let frozen calls be answered."""
        with self._lock:
            self._faults.clear()
        self._thawed.set()

    def received(self, method: str) -> str | None:
        """Count a call; return the kind of fault that happens to it, if any."""
        with self._lock:
            self._calls[method] += 1
            for fault in self._faults:
                if fnmatch.fnmatchcase(method, fault.method):
                    return self._happen(fault)
        return None

    def thaw(self) -> None:
        """Let frozen calls be answered."""
        self._thawed.set()

    def wait_for_thaw(self) -> None:
        """Wait until frozen calls may be answered."""
        self._thawed.wait()

    def calls(self) -> dict[str, int]:
        """The number of calls so far, by the name in the call."""
        with self._lock:
            return dict(self._calls)

    def _happen(self, fault: Fault) -> str | None:
        if fault.skip:
            fault.skip -= 1
            return None
        fault.times -= 1
        if not fault.times:
            self._faults.remove(fault)
        return fault.kind
