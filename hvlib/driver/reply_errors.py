"""Reply errors: errors for replies that lack something, and the table of a server's error codes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hvlib.model.errors import HvlibError, ProtocolError

__all__ = ["error_codes", "protocol_errors"]


@contextmanager
def protocol_errors() -> Iterator[None]:
    """Raise `ProtocolError` where the block, which reads a reply, finds something missing or of another type."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProtocolError(f"the reply can't be understood: {type(error).__name__} {error}") from error


def error_codes(codes: Mapping[type[HvlibError], str]) -> Mapping[str, type[HvlibError]]:
    """The error class of each code. ``codes`` has for each class its codes, separated by spaces."""
    return {code: error for error, text in codes.items() for code in text.split()}
