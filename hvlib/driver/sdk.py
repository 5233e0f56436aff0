"""SDK: says what to install when a package that a driver needs is missing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hvlib.model.errors import DriverNotFound

__all__ = ["installed"]


@contextmanager
def installed(wanted: str, distribution: str) -> Iterator[None]:
    """Raise `DriverNotFound`, which says what to install, if a package that the block imports is missing.

    | wanted: the feature that needs the packages, for people: ``vsphere://``
    | distribution: the distribution that installs them: ``hvlib-sdk[vsphere]``
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise DriverNotFound(
            f"{wanted} needs {error.name}, which is not installed", hint=f"pip install '{distribution}'"
        ) from error
