"""Target: a driver with its server, and the faults between the two."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from faults.expected import FAULTS

import hvlib

__all__ = ["Target", "Trouble", "backoff", "timeout"]

LONG_TIMEOUT = 5.0
"""The time-out of requests in seconds, for faults that do not freeze a request."""

SHORT_TIMEOUT = 0.6
"""The time-out of requests in seconds, for faults that freeze a request for ever."""


class Trouble(ABC):
    """A fault that will strike an operation of a provider."""

    provider: hvlib.Provider

    @abstractmethod
    def begin(self) -> None:
        """Let the operation's next decisive call meet the fault."""

    @abstractmethod
    def struck(self) -> bool:
        """Return whether a call has met the fault."""


class Target(ABC):
    """A server with 20 VMs. To add a driver to the matrix, write a subclass and add it to ``matrix.TARGETS``."""

    name: ClassVar[str]

    creation: ClassVar[Mapping[str, Any]] = {"start": True}
    """The options with which the creation of a VM takes two changing requests."""

    @abstractmethod
    def connect(self) -> hvlib.Provider:
        """Return a provider without faults."""

    @abstractmethod
    def trouble(self, fault: str, operation: str) -> AbstractContextManager[Trouble]:
        """Return a context with a provider that will meet the fault."""

    @abstractmethod
    def performed(self, operation: str) -> int:
        """Return how many decisive requests of the operation the server has received, by its own log."""

    def acted(self, fault: str) -> bool:
        """Return whether the server has acted when the caller meets the fault."""
        return FAULTS[fault].acted

    @abstractmethod
    def close(self) -> None:
        """End the server."""


def timeout(fault: str) -> float:
    """Return the time-out of a provider that meets this fault."""
    return SHORT_TIMEOUT if fault.startswith("frozen") else LONG_TIMEOUT


def backoff(fault: str) -> float:
    """Return the pause before a retry. It is far too long if the server names a pause, which must be used instead."""
    return 60.0 if fault.endswith((" seconds", " date")) else 0.02
