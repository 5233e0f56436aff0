"""The driver's entry point."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Context, Driver, Endpoint, Session
from hvlib.driver.options import refuse_path
from hvlib.driver.sdk import installed
from hvlib.model.errors import ConfigError

__all__ = ["XenAPIDriver"]


class XenAPIDriver(Driver):
    """``xenapi://USER@HOST[:PORT]``: any host of a XenServer or XCP-ng pool.

    ``xenapi+http://`` sends everything, passwords too, without TLS: for tests. ``xenapi+unix:///PATH`` is the socket of
    a host's own toolstack, which asks for no password.
    """

    description: ClassVar[str] = "XenServer and XCP-ng pools"
    transports: ClassVar[frozenset[str]] = frozenset({"http", "unix"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet.

        Raises `ConfigError` for an address of another form, `DriverNotFound` if a package is not installed.
        """
        if endpoint.transport == "unix":
            if endpoint.host or not endpoint.path:
                raise ConfigError("xenapi+unix:// names no socket", hint="xenapi+unix:///var/lib/xcp/xapi")
        elif not endpoint.host:
            raise ConfigError("xenapi:// names no host", hint="xenapi://USER@HOST")
        else:
            refuse_path(endpoint, "xenapi://USER@HOST")
        with installed("xenapi://", "hvlib-sdk[xenapi]"):
            from hvlib_xenapi.session import XenAPISession
        return XenAPISession(endpoint, context)
