"""Reply errors: a reply that does not hold what it must, and the table of what a server refuses with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from hvlib.model.errors import HvlibError, ProtocolError

__all__ = ["error_codes", "protocol_errors"]


@contextmanager
def protocol_errors() -> Iterator[None]:
    """In the block, a reply is read. Raises `ProtocolError` where it does not hold what it must."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProtocolError(f"the reply can't be understood: {type(error).__name__} {error}") from error


def error_codes(codes: Mapping[type[HvlibError], str]) -> Mapping[str, type[HvlibError]]:
    """The error of each code, out of the codes of each error, which are words of a text."""
    return {code: error for error, words in codes.items() for code in words.split()}
