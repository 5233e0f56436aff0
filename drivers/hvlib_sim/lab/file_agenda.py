"""FileAgenda: an agenda in a lab's file."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hvlib.model import actions
from hvlib_sim.lab.agenda import Agenda, Due, Job
from hvlib_sim.lab.objects import Link
from hvlib_sim.lab.sqlite_file import LabFile, translate_errors

__all__ = ["FileAgenda"]


class FileAgenda(Agenda):
    """An agenda in a file. Actions are stored with the names of their classes, refs without their bound providers."""

    def __init__(self, file: LabFile) -> None:
        self._file = file

    def schedule(self, due: Due) -> None:
        """`Agenda.schedule`."""
        sql = "INSERT INTO due (at, event, id, detail) VALUES (?, ?, ?, ?)"
        self._file.change(sql, due.at, due.event, due.id, due.detail)

    def next_at(self) -> float | None:
        """`Agenda.next_at`."""
        at: float | None = self._file.value("SELECT min(at) FROM due")
        return at

    def take(self, now: float) -> Due | None:
        """`Agenda.take`."""
        sql = "SELECT number, at, event, id, detail FROM due WHERE at <= ? ORDER BY at, number LIMIT 1"
        row = self._file.row(sql, now)
        if row is None:
            return None
        self._file.change("DELETE FROM due WHERE number = ?", row[0])
        return Due(*row[1:])

    def add_job(self, task: str, job: Job) -> None:
        """`Agenda.add_job`."""
        target = job.target
        with translate_errors():
            data = msgspec.msgpack.encode(job.action, enc_hook=lambda _: None)
        self._file.change(
            "INSERT INTO job (task, operation, kind, target, action, data) VALUES (?, ?, ?, ?, ?, ?)",
            task,
            job.operation,
            target and target.kind,
            target and target.id,
            type(job.action).__name__,
            data,
        )

    def find_job(self, task: str) -> Job | None:
        """`Agenda.find_job`."""
        row = self._file.row("SELECT operation, kind, target, action, data FROM job WHERE task = ?", task)
        if row is None:
            return None
        operation, kind, target, name, data = row
        action: actions.Action = msgspec.msgpack.decode(data, type=getattr(actions, name))
        return Job(operation, Link(kind, target) if target else None, action)

    def remove_job(self, task: str) -> None:
        """`Agenda.remove_job`."""
        self._file.change("DELETE FROM job WHERE task = ?", task)

    def queue(self, target: str) -> Sequence[str]:
        """`Agenda.queue`."""
        rows = self._file.rows("SELECT task FROM job WHERE target = ? ORDER BY task LIMIT 2", target)
        return [task for (task,) in rows]
