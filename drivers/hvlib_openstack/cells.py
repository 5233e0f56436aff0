"""Cells: a region's servers are in several databases, and nova goes on without one that is down.

Of servers in such a cell it tells the identifiers alone, with a status that it does not use otherwise, and only in a
listing without filters and limits, up to a page. The rest is not to be taken for all servers.
"""

from __future__ import annotations

from hvlib.model.errors import PartialResult

__all__ = ["check_cell"]

UNKNOWN = "UNKNOWN"


def check_cell(server: str, status: str | None, name: str) -> bool:
    """True for nova's record of a server. Raises `PartialResult` for that of one whose cell is down."""
    if status == UNKNOWN and not name:
        raise PartialResult(f"a cell of the region is down: nova knows nothing of the server {server}, among others")
    return True
