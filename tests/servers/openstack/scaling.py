"""Adding thousands of servers to a region before it starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid5

from servers.openstack.copying import Identity, copy, originals

__all__ = ["add_servers"]


def add_servers(folder: Path, project: str, names: Sequence[str]) -> None:
    """Copy a project's servers in turns, for these names, in a region that does not run. Copies are always the same."""
    servers = originals(folder, project)
    namespace = UUID(servers[0].identity.uuid)
    copy(
        folder,
        servers,
        [Identity.numbered(str(uuid5(namespace, name)), name, number) for number, name in enumerate(names)],
    )
