"""Target: a driver with its server, and what can go wrong between the two."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, ClassVar

from faults.expected import FAULTS

import hvlib

__all__ = ["Target", "Trouble", "backoff", "timeout"]

PATIENCE = 5.0
"""Seconds that a request may take where no fault makes it wait for ever."""

IMPATIENCE = 0.6
"""Seconds where one does."""


class Trouble(ABC):
    """One fault that is to strike one operation of one provider."""

    provider: hvlib.Provider

    @abstractmethod
    def begin(self) -> None:
        """The operation's next decisive call is to meet the fault."""

    @abstractmethod
    def struck(self) -> bool:
        """Whether it did."""


class Target(ABC):
    """A server with 20 VMs. To add a driver to the matrix, write one of these and name it in ``matrix.TARGETS``."""

    name: ClassVar[str]

    creation: ClassVar[Mapping[str, Any]] = {"start": True}
    """The options with which the creation of a VM takes two changing requests."""

    @abstractmethod
    def connect(self) -> hvlib.Provider:
        """A provider that nothing happens to."""

    @abstractmethod
    def trouble(self, fault: str, operation: str) -> AbstractContextManager[Trouble]:
        """A provider that will meet the fault."""

    @abstractmethod
    def performed(self, operation: str) -> int:
        """How often the server was sent the request that decides the operation, so far, by its own log."""

    def acted(self, fault: str) -> bool:
        """Whether the server has acted when the caller meets the fault."""
        return FAULTS[fault].acted

    @abstractmethod
    def close(self) -> None:
        """End the server."""


def timeout(fault: str) -> float:
    """The time-out of a provider that meets this fault."""
    return IMPATIENCE if fault.startswith("frozen") else PATIENCE


def backoff(fault: str) -> float:
    """The pause before a call is repeated. Far too long where the server names one: that goes first."""
    return 60.0 if fault.endswith((" seconds", " date")) else 0.02
