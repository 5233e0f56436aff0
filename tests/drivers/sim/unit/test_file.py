"""A lab in a file: several who share it, what can't be used, and errors of the file."""

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
    """One for all who share a lab."""

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
    """The lab twice: on two connections, as two processes have it."""
    stores = [FileStore(path) for _ in range(2)]
    yield [Lab(store, clock=clock) for store in stores]
    for store in stores:
        store.close()


def test_one_process_has_it_open_once(path: Path, connect: Connect) -> None:
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


def test_the_settings_are_those_of_the_file(tmp_path: Path, connect: Connect) -> None:
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


def test_faults_are_met(path: Path, connect: Connect) -> None:
    caller = connect(f"sim://{path}?fail=page:session-lost")
    with pytest.raises(SessionLost):
        caller.all(VM)
    caller.session.login()
    assert len(caller.all(VM)) == 20


def damage(path: Path, what: str) -> None:
    """Make something else of a lab's file."""
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
def test_what_is_no_lab(path: Path, connect: Connect, what: str) -> None:
    damage(path, what)
    caller = connect(f"sim://{path}", login=False)
    with pytest.raises(ConfigError) as caught:
        caller.session.login()
    assert str(path) in str(caught.value)
    assert caught.value.hint


def test_no_lab_there(tmp_path: Path, connect: Connect) -> None:
    caller = connect(f"sim://{tmp_path}/none.db", login=False)
    with pytest.raises(ConfigError, match="there is no lab at") as caught:
        caller.session.login()
    assert caught.value.hint == f"hv sim create {tmp_path}/none.db"
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_there_stays(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(ConfigError, match="there already"):
        create_lab(path, Settings(vms=1))
    with pytest.raises(ConfigError, match="no lab can be made"):
        create_lab(path.parent / "no" / "lab.db", Settings(vms=1))
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_who_breaks_off_leaves_nothing(tmp_path: Path) -> None:
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


def test_each_sees_what_the_other_does(labs: list[Lab], connect: Connect) -> None:
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
def test_one_goes_on_with_what_the_other_began(
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


def test_a_shutdown_that_the_other_asked_for(labs: list[Lab], clock: Clock, connect: Connect) -> None:
    one, two = map(connect, labs)
    vm = one.all(VM, filters={"power_state": "running"})[0]
    one.submit(VM, vm.ref, actions.Shutdown())
    clock.now += 1
    assert two.get(vm.ref, VM).power_state == "halted"


def test_the_end_of_sessions_is_for_all(labs: list[Lab], connect: Connect) -> None:
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


def test_a_log_that_the_other_lost(labs: list[Lab], connect: Connect) -> None:
    two = connect(labs[1])
    feed = two.feed([VM])
    feed.next(5)
    labs[0].forget_changes()
    with pytest.raises(CursorLost):
        feed.next(5)


def test_a_session_that_is_not_used_ends(site: Any, connect: Connect) -> None:
    killed = connect(site.lab)
    for _ in range(4):
        site.clock.now += 900
        assert len(site.caller.all(VM)) == 20
    assert site.lab.open_sessions == 1
    with pytest.raises(SessionLost):
        killed.all(VM)
    connect(site.lab)
    assert len(site.lab.store.sessions) == 2


def test_work_that_fails_has_changed_nothing(labs: list[Lab]) -> None:
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


def test_a_file_that_another_writes(path: Path, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
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


@pytest.mark.parametrize("rest", ["-wal", "-shm"])
def test_what_is_left_of_another_lab(tmp_path: Path, rest: str) -> None:
    """SQLite would put it into the new file."""
    left = tmp_path / f"lab.db{rest}"
    left.touch()
    with pytest.raises(ConfigError, match="left of another lab") as refused:
        create_lab(tmp_path / "lab.db", Settings(vms=1))
    assert str(left) in str(refused.value.hint)
    assert list(tmp_path.iterdir()) == [left]


@pytest.mark.parametrize("replaced", [False, True])
def test_a_file_that_is_removed_or_replaced(path: Path, connect: Connect, tmp_path: Path, replaced: bool) -> None:
    """Nothing more is read from it or written to it; who connects anew gets what is there now."""
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
def test_a_file_that_is_damaged(path: Path, connect: Connect, damage: str) -> None:
    other = sqlite3.connect(path, isolation_level=None)
    other.execute(damage)
    other.close()
    with pytest.raises(ConfigError, match="damaged"):
        connect(f"sim://{path}").all(VM)


@pytest.mark.parametrize("action", [actions.Rename("\ud800"), actions.Resize(memory_bytes=2**80)])
def test_values_that_no_file_can_hold(path: Path, connect: Connect, action: actions.Action) -> None:
    caller = connect(f"sim://{path}")
    vm = caller.all(VM, filters={"power_state": "halted"})[0]
    with pytest.raises(InvalidQuery):
        caller.submit(VM, vm.ref, action)
    with pytest.raises(InvalidQuery):
        caller.session.adapters[VM].lookup("name_label", "\ud800", caller.query(VM))
    assert caller.get(vm.ref, VM) == vm
    assert not caller.all(TaskRecord)


def test_a_file_that_goes_bad(path: Path, connect: Connect) -> None:
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
