"""Reply errors: a reply that does not hold what it must."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hvlib.model.errors import ProtocolError

__all__ = ["protocol_errors"]


@contextmanager
def protocol_errors() -> Iterator[None]:
    """In the block, a reply is read. Raises `ProtocolError` where it does not hold what it must."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ProtocolError(f"the reply can't be understood: {type(error).__name__} {error}") from error
