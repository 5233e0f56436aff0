"""Servers by the thousand, before a region starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID, uuid5

from servers.openstack.copying import Identity, copy, originals

__all__ = ["add_servers"]


def add_servers(folder: Path, project: str, names: Sequence[str]) -> None:
    """Copy a project's servers in a region that does not run, in turns, under new names. The same at each start."""
    found = originals(folder, project)
    namespace = UUID(found[0].identity.uuid)
    copy(
        folder,
        found,
        [Identity.numbered(str(uuid5(namespace, name)), name, number) for number, name in enumerate(names)],
    )
