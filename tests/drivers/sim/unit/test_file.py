"""A lab in a file: its sharing, files that can't be used, and errors of the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hvlib_sim.lab import hardware, lifecycle, objects, sqlite_file
from hvlib_sim.lab.engine import Operation
from hvlib_sim.lab.file_store import FileStore
from hvlib_sim.lab.lab import Lab
from hvlib_sim.lab.lab_creation import create_lab
from hvlib_sim.lab.settings import Settings

from hvlib import actions
from hvlib.driver import Secret, SessionLost
from hvlib.errors import (
    AuthenticationFailed,
    Closed,
    ConfigError,
    ConnectionFailed,
    ConnectionTimeout,
    CursorLost,
    InvalidQuery,
    ProtocolError,
)
from hvlib.model.resources import VM, TaskRecord

Connect = Callable[..., Any]


class Clock:
    """A clock for all users of a lab."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A lab of 20 VMs."""
    create_lab(tmp_path / "lab.db", Settings())
    return tmp_path / "lab.db"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def labs(path: Path, clock: Clock) -> Iterator[list[Lab]]:
    """The lab, opened twice on two connections, as by two processes."""
    stores = [FileStore(path) for _ in range(2)]
    yield [Lab(store, clock=clock) for store in stores]
    for store in stores:
        store.close()


def test_a_process_opens_a_file_once(path: Path, connect: Connect) -> None:
    one, two = connect(f"sim://{path}"), connect(f"sim://{path.parent}/./{path.name}?vms=20&latency=0")
    lab = one.session.native
    assert lab is two.session.native
    assert lab.open_sessions == 2
    one.session.close()
    one.session.close()
    assert lab.open_sessions == 1
    assert len(two.all(VM)) == 20
    two.session.close()
    with pytest.raises(Closed):
        lab.store.count(objects.VM)
    with pytest.raises(Closed):
        two.all(VM)
    assert len(connect(f"sim://{path}").all(VM)) == 20


def test_settings_come_from_the_file(tmp_path: Path, connect: Connect) -> None:
    path = tmp_path / "lab with spaces é.db"
    create_lab(path, Settings(vms=3, hosts=2, seed=5, password="right"))
    caller = connect(f"sim://{path}?seed=5", password=Secret("right"))
    assert len(caller.all(VM)) == 3
    assert caller.session.native.settings == Settings(vms=3, hosts=2, seed=5, password="right")
    for contradiction in ("vms=4", "task_time=1"):
        with pytest.raises(ConfigError, match="exists already"):
            connect(f"sim://{path}?{contradiction}", password=Secret("right"))
    with pytest.raises(AuthenticationFailed):
        connect(f"sim://{path}", password=Secret("wrong"))
    assert caller.session.native.open_sessions == 1


def test_faults(path: Path, connect: Connect) -> None:
    caller = connect(f"sim://{path}?fail=page:session-lost")
    with pytest.raises(SessionLost):
        caller.all(VM)
    caller.session.login()
    assert len(caller.all(VM)) == 20


def damage(path: Path, what: str) -> None:
    """Damage or replace a lab's file."""
    if what in ("application_id", "user_version"):
        connection = sqlite3.connect(path)
        connection.execute(f"PRAGMA {what} = 99")
        connection.close()
    elif what == "directory":
        path.unlink()
        path.mkdir()
    else:
        path.write_text(what, encoding="utf-8")


@pytest.mark.parametrize("what", ["application_id", "user_version", "directory", "", "no database"])
def test_files_that_are_no_labs(path: Path, connect: Connect, what: str) -> None:
    damage(path, what)
    caller = connect(f"sim://{path}", login=False)
    with pytest.raises(ConfigError) as caught:
        caller.session.login()
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_a_file_that_does_not_exist(tmp_path: Path, connect: Connect) -> None:
    caller = connect(f"sim://{tmp_path}/none.db", login=False)
    with pytest.raises(ConfigError, match="there is no lab at") as caught:
        caller.session.login()
    assert caught.value.hint == f"hv sim create {tmp_path}/none.db"
    assert not list(tmp_path.iterdir())


def test_an_existing_file_is_not_overwritten(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="exists already"):
        create_lab(path, Settings(vms=1))
    with pytest.raises(ConfigError, match="can't make a lab"):
        create_lab(path.parent / "no" / "lab.db", Settings(vms=1))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_interrupted_creation_leaves_no_files(tmp_path: Path) -> None:
    seen: list[int] = []

    def break_off(done: int) -> None:
        seen.append(done)
        assert len(list(tmp_path.iterdir())) == 1
        assert not (tmp_path / "lab.db").exists()
        if len(seen) == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        create_lab(tmp_path / "lab.db", Settings(vms=20_000), break_off)
    assert seen == sorted(seen)
    assert not list(tmp_path.iterdir())


def test_each_user_sees_the_changes_of_the_other(labs: list[Lab], connect: Connect) -> None:
    one, two = map(connect, labs)
    vm = one.all(VM)[0]
    one.submit(VM, vm.ref, actions.Rename("other"))
    assert two.get(vm.ref, VM).name_label == "other"
    feed = two.feed([VM])
    cursor = feed.next(5).cursor
    one.submit(VM, vm.ref, actions.Rename("another"))
    assert [change.record.name_label for change in feed.next(5).changes] == ["another"]
    assert [change.record.name_label for change in one.feed([VM], cursor).next(5).changes] == ["another"]
    listing = one.open(VM, page_size=15)
    listing.fetch()
    assert len(two.open(VM, listing.token).fetch().items) == 5


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        (lifecycle.clone, actions.Clone("clone")),
        (hardware.resize, actions.Resize(vcpus=7)),
        (lifecycle.snapshot, actions.TakeSnapshot("snapshot", memory=True)),
        (hardware.migrate, actions.Migrate()),
        (lifecycle.delete_vm, actions.Delete()),
    ],
)
def test_one_user_continues_the_tasks_of_the_other(
    labs: list[Lab], clock: Clock, connect: Connect, operation: Operation, action: actions.Action
) -> None:
    one, two = map(connect, labs)
    vm = one.all(VM, filters={"power_state": "halted"})[0]
    refs = [one.session.adapters[VM].run(operation, vm.ref, action).task, two.submit(VM, vm.ref, actions.Start()).task]
    one.session.close()
    labs[0].store.close()
    clock.now += 10
    states = [two.get(ref, TaskRecord).state for ref in refs]
    assert states == ["succeeded", "failed" if isinstance(action, actions.Delete) else "succeeded"]


def test_a_shutdown_that_the_other_user_requested(labs: list[Lab], clock: Clock, connect: Connect) -> None:
    one, two = map(connect, labs)
    vm = one.all(VM, filters={"power_state": "running"})[0]
    one.submit(VM, vm.ref, actions.Shutdown())
    clock.now += 1
    assert two.get(vm.ref, VM).power_state == "halted"


def test_expired_sessions_end_for_all_users(labs: list[Lab], connect: Connect) -> None:
    one, two = map(connect, labs)
    assert [lab.open_sessions for lab in labs] == [2, 2]
    feed = two.feed([VM])
    feed.next(5)
    labs[0].expire_sessions()
    with pytest.raises(SessionLost):
        feed.next(5)
    with pytest.raises(SessionLost):
        two.all(VM)
    assert one.session.native.open_sessions == 0


def test_a_log_that_the_other_user_lost(labs: list[Lab], connect: Connect) -> None:
    two = connect(labs[1])
    feed = two.feed([VM])
    feed.next(5)
    labs[0].forget_changes()
    with pytest.raises(CursorLost):
        feed.next(5)


def test_an_unused_session_ends(site: Any, connect: Connect) -> None:
    killed = connect(site.lab)
    for _ in range(4):
        site.clock.now += 900
        assert len(site.caller.all(VM)) == 20
    assert site.lab.open_sessions == 1
    with pytest.raises(SessionLost):
        killed.all(VM)
    connect(site.lab)
    assert len(site.lab.store.sessions) == 2


def test_failed_work_changes_nothing(labs: list[Lab]) -> None:
    before = labs[0].store.revision

    def work() -> None:
        with labs[0].at_work() as engine:
            engine.store.remove(engine.store.all(objects.VM)[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        work()
    for lab in labs:
        assert lab.store.revision == before
        assert lab.store.count(objects.VM) == len(lab.store.all(objects.VM)) == 20


def test_a_file_that_another_connection_writes(path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_file, "BUSY_TIMEOUT", 0.05)
    caller = connect(f"sim://{path}")
    vm = caller.all(VM)[0]
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(ConnectionTimeout):
        caller.submit(VM, vm.ref, actions.Rename("other"))
    assert caller.all(VM)[0] == vm
    other.execute("COMMIT")
    other.close()
    caller.submit(VM, vm.ref, actions.Rename("other"))


@pytest.mark.parametrize("suffix", ["-wal", "-shm"])
def test_leftover_files_of_another_lab(tmp_path: Path, suffix: str) -> None:
    """SQLite would read the leftover file as part of the new lab."""
    leftover = tmp_path / f"lab.db{suffix}"
    leftover.touch()
    with pytest.raises(ConfigError, match="files of another lab") as refused:
        create_lab(tmp_path / "lab.db", Settings(vms=1))
    assert str(leftover) in str(refused.value.hint)
    assert list(tmp_path.iterdir()) == [leftover]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_removed_or_replaced(path: Path, connect: Connect, tmp_path: Path, replaced: bool) -> None:
    """The old file is not read or written any more. A new connection opens the new file."""
    caller = connect(f"sim://{path}")
    vm = caller.all(VM)[0]
    if replaced:
        create_lab(tmp_path / "other.db", Settings(vms=3))
        (tmp_path / "other.db").rename(path)
    else:
        path.unlink()
    for call in (lambda: caller.all(VM), lambda: caller.submit(VM, vm.ref, actions.Rename("other"))):
        with pytest.raises(ConfigError, match="removed or replaced"):
            call()
    if replaced:
        assert len(connect(f"sim://{path}").all(VM)) == 3
    else:
        with pytest.raises(ConfigError, match="no lab"):
            connect(f"sim://{path}").all(VM)


@pytest.mark.parametrize(
    "damage",
    ["UPDATE lab SET value = '{' WHERE name = 'settings'", "DELETE FROM lab WHERE name = 'uuid'", "DROP TABLE lab"],
)
def test_a_damaged_file(path: Path, connect: Connect, damage: str) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(damage)
    other.close()
    with pytest.raises(ConfigError, match="damaged"):
        connect(f"sim://{path}").all(VM)


@pytest.mark.parametrize("action", [actions.Rename("\ud800"), actions.Resize(memory_bytes=2**80)])
def test_values_that_a_file_can_not_hold(path: Path, connect: Connect, action: actions.Action) -> None:
    caller = connect(f"sim://{path}")
    vm = caller.all(VM, filters={"power_state": "halted"})[0]
    with pytest.raises(InvalidQuery):
        caller.submit(VM, vm.ref, action)
    with pytest.raises(InvalidQuery):
        caller.session.adapters[VM].lookup("name_label", "\ud800", caller.query(VM))
    assert caller.get(vm.ref, VM) == vm
    assert not caller.all(TaskRecord)


def test_a_file_that_is_damaged_while_in_use(path: Path, connect: Connect) -> None:
    caller = connect(f"sim://{path}")
    with sqlite3.connect(path) as other:
        other.execute("UPDATE vm SET data = x'00' WHERE id = 'vm-00000003'")
    other.close()
    with pytest.raises(ProtocolError):
        caller.all(VM)
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE vm")
    other.close()
    with pytest.raises(ConnectionFailed):
        caller.all(VM)
