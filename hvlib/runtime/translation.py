"""Error translation: turns errors from a driver into the errors that callers get."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hvlib.model.binding import BoundProvider
from hvlib.model.errors import Closed, DriverBug, HvlibError

__all__ = ["closed_error", "locate", "locating", "translate_errors"]

E = TypeVar("E", bound=HvlibError)


@contextmanager
def translate_errors(provider: Callable[[], BoundProvider | None], closed: Callable[[], bool]) -> Iterator[None]:
    """In the block, raise a driver's errors with their provider set, and errors that are not hvlib's as `DriverBug`.

    Once the provider is closed, every error becomes `Closed`. Use it only around calls into a driver. A caller's
    mistakes are found before that: they must not look like a driver's.
    """
    try:
        yield
    except HvlibError as error:
        if closed() and not isinstance(error, Closed):
            raise closed_error(provider()) from error
        locate(error, provider())
        raise
    except Exception as error:
        if closed():
            raise closed_error(provider()) from error
        bug = DriverBug(f"unexpected {type(error).__name__} in the driver: {error}")
        raise locate(bug, provider()) from error


def closed_error(provider: BoundProvider | None) -> Closed:
    """The error of every call and wait of a closed provider."""
    return locate(Closed("the provider was closed"), provider)


def locate(error: E, provider: BoundProvider | None) -> E:
    """The error, with this provider set unless it has one."""
    error.provider = error.provider or provider
    return error


@contextmanager
def locating(provider: BoundProvider | None) -> Iterator[None]:
    """In the block, raise hvlib's errors with their provider set. Use it around core's own checks."""
    try:
        yield
    except HvlibError as error:
        locate(error, provider)
        raise


def copied(error: Exception) -> Exception:
    """An error of one's own, to which each waiter may add what it is about."""
    if not isinstance(error, HvlibError):
        return error
    own = type(error).__new__(type(error), *error.args)
    own.args = error.args
    own.__dict__.update(error.__dict__)
    own.__cause__ = error.__cause__
    return own.with_traceback(error.__traceback__)
