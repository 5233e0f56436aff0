"""The driver's entry point."""

from __future__ import annotations

import math

from hvlib.driver import Context, Driver, Endpoint, Session
from hvlib.model.errors import InvalidQuery

__all__ = ["GroveDriver"]


class GroveDriver(Driver):
    """``grove://USER@HOST[:PORT]``: a Grove server. ``grove+http://`` sends all, passwords too, without TLS: for tests.

    Options:
        poll_interval (10)      seconds between two listings of a watch
    """

    description = "Grove, a small hypervisor"
    options = frozenset({"poll_interval"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet."""
        from hvlib_grove.session import GroveSession  # Not before it is needed: it imports urllib3.

        session = GroveSession(endpoint, context)
        if "poll_interval" in endpoint.options:
            session.poll_interval = _seconds(str(endpoint.options["poll_interval"]))
        return session


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < math.inf:
        raise InvalidQuery(f"poll_interval= can't be {text!r}", hint="seconds, more than 0")
    return seconds
