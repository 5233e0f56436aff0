"""The error of a call."""

from __future__ import annotations

__all__ = ["Failure"]


class Failure(Exception):
    """An error of XenAPI: a code such as ``VM_BAD_POWER_STATE``, and its parameters, all of them strings."""

    def __init__(self, code: str, *parameters: str) -> None:
        self.description = [code, *parameters]
        super().__init__(", ".join(self.description))

    @property
    def code(self) -> str:
        """The error's code."""
        return self.description[0]
