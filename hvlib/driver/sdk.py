"""The guard for packages that a driver needs and that may not be installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hvlib.model.errors import DriverNotFound

__all__ = ["installed"]


@contextmanager
def installed(wanted: str, distribution: str) -> Iterator[None]:
    """In the block, packages are imported. Raises `DriverNotFound`, with what to install, if one is missing.

    | wanted: what needs them, for people: ``vsphere://``
    | distribution: what brings them: ``hvlib-sdk[vsphere]``
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise DriverNotFound(
            f"{wanted} needs {error.name}, which is not installed", hint=f"pip install '{distribution}'"
        ) from error
