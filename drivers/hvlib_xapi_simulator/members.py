"""The hosts of a pool that answer calls: one is the master, the others say who it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hvlib_xapi_simulator.pool import Pool

__all__ = ["Member", "Members"]


class Member:
    """A host that answers calls at an address of its own, at the same ports as the others."""

    def __init__(self, pool: Pool, host: str, address: str) -> None:
        self._pool = pool
        self.host = host
        self.address = address

    @property
    def is_master(self) -> bool:
        """Whether the pool's database is here."""
        return self._pool.members.master is self


class Members:
    """Those of a pool. The first is the master at the beginning."""

    def __init__(self, pool: Pool, hosts: list[tuple[str, str]]) -> None:
        self._pool = pool
        self.all = [Member(pool, host, address) for host, address in hosts]
        self.master = self.all[0]

    def of_host(self, host: str) -> Member | None:
        """Return the member that a host is; None if it does not answer calls."""
        return next((member for member in self.all if member.host == host), None)

    def promote(self, member: Member) -> None:
        """Make a member the master. All sessions and tasks are lost, as they are when servers restart.

        If there is a backup of the database, that is what the new master has: other members get a copy every few
        minutes (ocaml/xapi/pool_db_backup.ml).
        """
        with self._pool.database.lock:
            self.master = member
            if self._pool.backup is not None:
                self._pool.sessions.close_all()
                self._pool.database.restore(self._pool.backup)
            for pool in list(self._pool.database.tables["pool"].rows):
                self._pool.database.write("pool", pool, master=member.host)
        self._pool.restart()
