"""Registry: the installed drivers, found by entry point."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from hvlib.driver import Driver
from hvlib.model.errors import DriverNotFound

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

__all__ = ["NAMESPACE", "driver_type", "installed", "load"]

NAMESPACE = "hvlib.drivers"

EXTRAS = {"openstack": "openstack", "vsphere": "vsphere", "xenapi": "xenapi"}
"""The drivers of this project that need packages, each with the extra that installs these."""


def installed() -> dict[str, EntryPoint]:
    """The entry points of all drivers, by name. Imports no driver."""
    from importlib.metadata import entry_points  # a third of hvlib's import time

    return {point.name: point for point in sorted(entry_points(group=NAMESPACE))}


def load(name: str) -> Driver:
    """The driver of a URL scheme. Raises `DriverNotFound`, with the package to install, if there is none or it can't
    be loaded.
    """
    return driver_type(name)()


@cache
def driver_type(name: str) -> type[Driver]:
    """The class of a driver. A failure is not cached, because the driver may be installed meanwhile."""
    from stevedore.driver import DriverManager
    from stevedore.exception import NoMatches

    known = installed()
    if name not in known:
        raise DriverNotFound(
            f"no driver for {name}://; installed: {' '.join(known) or 'none'}", hint=f"install it: {_install(name)}"
        )
    try:
        loaded: Any = DriverManager(NAMESPACE, name, invoke_on_load=False).driver
    except (ImportError, NoMatches) as error:
        raise DriverNotFound(
            f"the driver {name} can't be loaded: {error}", hint=f"install it: {_install(name)}"
        ) from error
    driver: type[Driver] = loaded
    return driver


def _install(name: str) -> str:
    return (
        f"pip install 'hvlib-sdk[{EXTRAS[name]}]'"
        if name in EXTRAS
        else f"a package with a {NAMESPACE} entry point {name!r}"
    )
