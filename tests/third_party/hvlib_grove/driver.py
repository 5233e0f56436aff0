"""The driver's entry point."""

from __future__ import annotations

from hvlib.driver import Context, Driver, Endpoint, Session
from hvlib.driver.options import refuse_path

__all__ = ["GroveDriver"]


class GroveDriver(Driver):
    """``grove://USER@HOST[:PORT]``: a Grove server. ``grove+http://`` sends all, passwords too, without TLS: for tests.

    Options:
        poll_interval (10)      seconds between two listings of a watch
    """

    description = "Grove, a small hypervisor"
    options = frozenset({"poll_interval"})
    transports = frozenset({"http"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet. Raises `ConfigError` for an invalid option, and for a path."""
        refuse_path(endpoint, "grove://USER@HOST")
        from hvlib_grove.session import GroveSession  # Imported at first use, as it imports urllib3.

        return GroveSession(endpoint, context)
