"""A simulated pool: everything that its members share."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from hvlib_xapi_simulator.alerts import Alerts
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Backup, Database, Row
from hvlib_xapi_simulator.estate import Estate
from hvlib_xapi_simulator.events import Events
from hvlib_xapi_simulator.faults import Faults
from hvlib_xapi_simulator.members import Member, Members
from hvlib_xapi_simulator.relations import RELATIONS
from hvlib_xapi_simulator.sessions import Sessions
from hvlib_xapi_simulator.settings import Settings
from hvlib_xapi_simulator.tasks import Tasks

__all__ = ["Pool"]

MAX_LOGGED = 1000
"""How many messages are logged."""

NOT_TABLES = ("event", "message")
LOST_AT_RESTART = ("session", "task")


class Pool:
    """The database, the sessions, the tasks and the events of a pool, filled as the settings say."""

    def __init__(self, settings: Settings, addresses: list[str]) -> None:
        self.settings = settings
        self.closed = threading.Event()
        self.database = Database([name for name in CLASSES if name not in NOT_TABLES])
        self.faults = Faults()
        hosts = Estate(settings, addresses).fill(self.database)
        self.members = Members(list(zip(hosts, addresses, strict=False)))
        self.tasks = Tasks(settings, self.database, self.members, self.closed)
        self.sessions = Sessions(settings, self.database, self.tasks, self.closed)
        self.alerts = Alerts(self.database)
        self.sources: dict[str, dict[str, Any]] = {}
        """The records of VMs at the time of their snapshots, by snapshot: snapshot_metadata is made of them."""
        self.events = Events(settings, self.database, self.alerts, self.closed)
        self.log: deque[tuple[str, Sequence[Any]]] = deque(maxlen=MAX_LOGGED)
        """The latest messages that were carried out for clients: each with its name and its arguments."""
        self.backup: Backup | None = None
        """The copy of the database with which the next master starts; None: it starts with the current database."""

    def restart(self) -> None:
        """Restart the toolstack: sessions, tasks and the logs of deletions are lost.

        Objects of a class to which others refer look newly created afterwards: their sets are computed again when the
        database is loaded (ocaml/database/db_cache_types.ml, reindex). Machines keep running.
        """
        with self.database.changed:
            self.sessions.close_all()
            self.tasks.forget_all()
            self.alerts.forget_deletions()
            generation = self.database.generation
            renewed = {relation.table for relations in RELATIONS.values() for relation in relations}
            for name, table in self.database.tables.items():
                if name in LOST_AT_RESTART:
                    for ref in list(table.rows):
                        self.database.delete(name, ref)
                table.deletions = [(0, 0, "")]
                if name in renewed:
                    table.rows = {ref: Row(row.fields, generation, generation) for ref, row in table.rows.items()}
            self._note_start()
            self.database.generation += 1
            self.database.changed.notify_all()

    def promote(self, member: Member) -> None:
        """Make a member the master. All sessions and tasks are lost, as they are when servers restart.

        If there is a backup of the database, the new master starts with it: other members get a copy every few minutes
        (ocaml/xapi/pool_db_backup.ml).
        """
        with self.database.lock:
            self.members.master = member
            if self.backup is not None:
                self.sessions.close_all()
                self.database.restore(self.backup)
            for pool in list(self.database.tables["pool"].rows):
                self.database.write("pool", pool, master=member.host)
        self.restart()

    def back_up(self) -> None:
        """Copy the database to the other members."""
        self.backup = self.database.back_up()

    def _note_start(self) -> None:
        """Write the time of the master's start, in whole seconds (ocaml/xapi/dbsync_slave.ml)."""
        master = self.members.master.host
        config = self.database.get("host", master)["other_config"]
        began = max(int(time.time()), int(float(config["agent_start_time"])) + 1)
        self.database.write("host", master, other_config={**config, "agent_start_time": f"{began}."})

    def forget_deletions(self) -> None:
        """Empty the logs of deletions: a client can notice the deletions that it has not received only by counts."""
        with self.database.lock:
            self.alerts.forget_deletions()
            for table in self.database.tables.values():
                table.deletions = [(0, 0, "")]

    def close(self) -> None:
        """End all calls that wait."""
        self.closed.set()
        with self.database.changed:
            self.database.changed.notify_all()
