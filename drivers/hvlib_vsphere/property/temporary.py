"""Temporary: objects that are made on the server for a while."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import suppress
from typing import Self

from hvlib.model.errors import HvlibError

__all__ = ["Temporary"]


class Temporary(ABC):
    """An object on the server that the end of a ``with`` destroys. If that fails, it ends with the session."""

    @abstractmethod
    def destroy(self) -> None:
        """Destroy the object: one round trip."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(HvlibError):
            self.destroy()
