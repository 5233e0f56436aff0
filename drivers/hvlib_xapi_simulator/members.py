"""The hosts of a pool that answer calls: one is the master, the others say who it is."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Member", "Members"]


@dataclass(frozen=True, slots=True)
class Member:
    """A host that answers calls at an address of its own, at the same ports as the others."""

    host: str
    address: str


class Members:
    """All members of a pool. The first is the master at the beginning."""

    def __init__(self, hosts: list[tuple[str, str]]) -> None:
        self.all = [Member(host, address) for host, address in hosts]
        self.master = self.all[0]

    def is_master(self, member: Member) -> bool:
        """Whether a member is the master, which has the pool's database."""
        return self.master is member

    def of_host(self, host: str) -> Member | None:
        """Return the member of a host; None if the host does not answer calls."""
        return next((member for member in self.all if member.host == host), None)
