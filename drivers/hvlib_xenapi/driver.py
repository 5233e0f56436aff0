"""The driver's entry point."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Context, Driver, Endpoint, Session
from hvlib.driver.sdk import installed
from hvlib.model.errors import ConfigError

__all__ = ["XenAPIDriver"]


class XenAPIDriver(Driver):
    """``xenapi://USER@HOST[:PORT]``: any host of a XenServer or XCP-ng pool.

    ``xenapi+http://`` sends everything, passwords too, without TLS: for tests. ``xenapi+unix:///PATH`` is the socket of
    a host's own toolstack, which asks for no password.
    """

    description: ClassVar[str] = "XenServer and XCP-ng pools"

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet. `ConfigError` without a host, `DriverNotFound` without a package."""
        if endpoint.scheme.endswith("+unix"):
            if not endpoint.path:
                raise ConfigError("xenapi+unix:// names no socket", hint="xenapi+unix:///var/lib/xcp/xapi")
        elif not endpoint.host:
            raise ConfigError("xenapi:// names no host", hint="xenapi://USER@HOST")
        with installed("xenapi://", "hvlib-sdk[xenapi]"):
            from hvlib_xenapi.session import XenAPISession
        return XenAPISession(endpoint, context)
