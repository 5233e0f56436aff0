"""Invariants of a lab's file, which hold at any moment."""

from __future__ import annotations

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

from hvlib_sim.lab.file_store import FileStore
from hvlib_sim.lab.objects import KINDS, VM, Host, Snapshot, StoragePool, Task, Volume
from hvlib_sim.lab.store import Store

from hvlib.model.task import ENDED

__all__ = ["check"]


def check(path: Path) -> None:
    """Assert all invariants, without running the events that are due."""
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        due = {id for (id,) in connection.execute("SELECT id FROM due")}
    with closing(FileStore(path)) as store, store.reading():
        for kind in KINDS.values():
            assert store.count(kind) == len(store.all(kind))
        check_memory(store)
        check_volumes(store)
        check_snapshots(store)
        check_tasks(store, due)


def check_memory(store: Store) -> None:
    taken = Counter[str | None]()
    for vm in store.scan(VM):
        taken[vm.host] += vm.memory_bytes if vm.power_state in ("running", "paused") else 0
    for host in store.scan(Host):
        assert host.memory_free_bytes == host.memory_bytes - taken[host.id]


def check_volumes(store: Store) -> None:
    taken = Counter[str]()
    for volume in store.scan(Volume):
        taken[volume.pool] += volume.size_bytes
        for vm in volume.vms:
            assert volume.id in store.get(VM, vm).volumes
    for pool in store.scan(StoragePool):
        assert pool.free_bytes == pool.capacity_bytes - taken[pool.id]
    for vm in store.scan(VM):
        assert set(vm.own_volumes) <= set(vm.volumes)
        for id in vm.volumes:
            assert store.get(Volume, id).vms == (vm.id,)


def check_snapshots(store: Store) -> None:
    for snapshot in store.scan(Snapshot):
        assert snapshot.id in store.get(VM, snapshot.vm).snapshots
    for vm in store.scan(VM):
        assert vm.snapshot is None or vm.snapshot in vm.snapshots
        for id in vm.snapshots:
            assert store.get(Snapshot, id).vm == vm.id


def check_tasks(store: Store, due: set[str]) -> None:
    """A task that has not ended has a job; if it is the first of its queue, its next step is scheduled."""
    for task in store.scan(Task):
        job = store.agenda.find_job(task.id)
        assert (job is None) == (task.state in ENDED)
        first = job is not None and (job.target is None or store.agenda.queue(job.target.id)[0] == task.id)
        assert not first or task.id in due
