"""The simulated lab under faults. It has no network: the option ``fail=`` raises the errors that faults would cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import ClassVar
from uuid import uuid4

from faults.target import Target, Trouble, backoff, timeout
from hvlib_sim.lab.lab import Lab

import hvlib
from hvlib.runtime.retry import RetryPolicy

__all__ = ["SimTarget"]

ERRORS = {
    "refused": "not-sent",
    "reset before": "connection",
    "reset after": "reply-lost",
    "frozen before": "timeout",
    "truncated": "protocol",
    "401": "session-lost",
    "session rejected": "session-lost",
    "429 seconds": "rate-limited",
    "503": "unavailable",
}
"""The error in ``fail=`` for each fault."""

CALLS: Mapping[str, tuple[str, int]] = {
    "login": ("Login", 0),
    "list": ("Page", 1),
    "pages": ("Page", 1),
    "by uuid": ("Lookup", 0),
    "by name": ("Lookup", 0),
    "snapshot": ("Changes", 0),
    "watch": ("Changes", 1),
    "action": ("Submit", 0),
    "task": ("Changes", 0),
    "create": ("Submit", 1),
}
"""The call of each operation that has to fail, and how many calls of this name come before it."""


class SimTarget(Target):
    """A lab in this process."""

    name: ClassVar[str] = "sim"

    def __init__(self) -> None:
        self.lab = Lab.named(f"faults-{uuid4().hex}", vms=20, hosts=4, task_time=0.02)

    def connect(self) -> hvlib.Provider:
        return hvlib.connect(f"sim://{self.lab.name}")

    @contextmanager
    def trouble(self, fault: str, operation: str) -> Iterator[Trouble]:
        trouble = LabTrouble(self.lab.name, fault, operation)
        with trouble.provider, trouble.provider.count_requests() as requests:
            trouble.counted = requests.calls
            yield trouble

    def performed(self, operation: str) -> int:
        performed = self.lab.performed
        return performed["start"] + (0 if operation == "create" else performed["stop"])

    def acted(self, fault: str) -> bool:
        return ERRORS[fault] == "reply-lost"

    def close(self) -> None:
        self.lab.expire_sessions()


class LabTrouble(Trouble):
    """A session that is opened with the error that one of its calls raises."""

    counted: Counter[str]

    def __init__(self, lab: str, fault: str, operation: str) -> None:
        pause = backoff(fault)
        retry = RetryPolicy(backoff=lambda attempt, error: pause, max_elapsed=5.0)
        self._call, self._skip = CALLS[operation]
        fail = f"{self._call.lower()}:{ERRORS[fault]}:1:{self._skip}"
        self.provider = hvlib.connect(f"sim://{lab}", fail=fail, retry=retry, timeout=timeout(fault))

    def begin(self) -> None:
        assert self.counted[self._call] <= self._skip, "the call came before the operation began"

    def struck(self) -> bool:
        return self.counted[self._call] > self._skip
