"""Microversions: the versions of a service's API that a request can ask for."""

from __future__ import annotations

import msgspec

from hvlib.model.errors import ProtocolError

__all__ = ["Version"]


class Version(msgspec.Struct, frozen=True, order=True):
    """A microversion."""

    major: int
    minor: int

    @classmethod
    def of(cls, text: str) -> Version:
        """Read a text such as ``2.79``. Raises `ProtocolError` for a text that is not a microversion."""
        major, _, minor = text.partition(".")
        if not (major.isdigit() and minor.isdigit()):
            raise ProtocolError(f"{text!r} is not a microversion")
        return cls(int(major), int(minor))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}"
