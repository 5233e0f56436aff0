"""Error translation: an error from a driver, as callers see it."""

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
    """Raise errors from a driver with their provider; `Closed` once that is closed; `DriverBug` for foreign errors.

    Only for calls into a driver: what a caller did wrong is found before, and is no fault of the driver.
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
    """The error, with its provider unless it has one."""
    error.provider = error.provider or provider
    return error


@contextmanager
def locating(provider: BoundProvider | None) -> Iterator[None]:
    """Raise errors of hvlib with their provider. For what core checks itself, before a driver is entered."""
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
