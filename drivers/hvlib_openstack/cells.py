"""Cells: a region's servers are spread over several databases, and nova keeps answering when one of them is down.

For the servers of such a cell nova returns only the identifiers, with a status that it does not use otherwise, and only
in a listing without filters and limits, up to a page. The other servers must not be taken for all servers.
"""

from __future__ import annotations

from hvlib.model.errors import PartialResult

__all__ = ["check_cell"]

UNKNOWN = "UNKNOWN"


def check_cell(server: str, status: str | None, name: str) -> bool:
    """Return True for nova's record of a server. Raises `PartialResult` for a server whose cell is down."""
    if status == UNKNOWN and not name:
        raise PartialResult(f"a cell of the region is down: nova has no data of the server {server}, among others")
    return True
