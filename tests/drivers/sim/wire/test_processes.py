"""Processes that share a lab: each sees the changes of the others, no change is lost, and any process may be killed."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from drivers.sim.wire.invariants import check
from hvlib_sim.lab import lifecycle
from hvlib_sim.lab.file_lab import FileLab
from hvlib_sim.lab.objects import VM

import hvlib
from hvlib import actions

Start = Callable[..., Any]
WRITER = Path(__file__).parent / "writer.py"
MAX_DELAY_SECONDS = 1.0
"""Seconds within which a watch reports a change: ten times the delay on an idle machine."""


def address(lab: Path) -> str:
    return f"sim://{lab}"


def next_event(process: Any) -> dict[str, Any]:
    line = process.stdout.readline()
    assert line, process.stderr.read()
    event: dict[str, Any] = json.loads(line)
    return event


def age(event: dict[str, Any], since: datetime) -> float:
    return (datetime.fromisoformat(event["time"]) - since).total_seconds()


def test_another_process_lists_and_acts(lab: Path, run_hv: Callable[..., tuple[int, str, str]]) -> None:
    with hvlib.connect(address(lab)) as provider:
        vms = provider.compute.vms
        vm = vms.get_all(power_state="running").first()
        assert vm is not None
        vm.rename("renamed here").wait()
        status, out, err = run_hv("-P", address(lab), "vm", "list", "-f", "json", "-c", "name_label", "-c", "uuid")
        assert (status, err) == (0, "")
        listed = {(each["name_label"], each["uuid"]) for each in json.loads(out)}
        assert listed == {(each.name_label, each.uuid) for each in vms.get_all()}
        assert ("renamed here", vm.uuid) in listed
        assert run_hv("-P", address(lab), "vm", "stop", vm.uuid) == (0, "", "")
        assert vm.refresh().power_state == "halted"
        assert provider.native.open_sessions == 1


def test_a_watch_in_another_process_is_live(lab: Path, hv: Start) -> None:
    process = hv("-P", address(lab), "vm", "watch", "-f", "json")
    events = [next_event(process) for _ in range(21)]
    assert [event["type"] for event in events] == ["ADDED"] * 20 + ["SYNCED"]
    with hvlib.connect(address(lab)) as provider:
        vm = provider.compute.vms.get_all(power_state="halted").first()
        assert vm is not None
        for name in ("first", "second"):
            began = datetime.now(UTC)
            vm.rename(name).wait()
            event = next_event(process)
            assert (event["type"], event["changed"]) == ("MODIFIED", ["name_label"])
            assert event["resource"]["name_label"] == name
            assert age(event, began) < MAX_DELAY_SECONDS
        vm.delete().wait(timeout=10)
        assert next_event(process)["type"] == "DELETED"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 130


def test_a_watch_follows_the_tasks_of_a_process_that_has_ended(lab: Path, hv: Start) -> None:
    """The other processes continue the tasks of a process that has ended or was killed."""
    with hvlib.connect(address(lab)) as provider:
        vms = provider.compute.vms
        with vms.watch(power_state="running", fields=["name_label"]) as watch:
            while watch.next(timeout=10).type != "SYNCED":
                pass
            halted = vms.get_all(power_state="halted").all()
            names = [vm.uuid for vm in halted]
            process = hv("-P", address(lab), "vm", "start", "--no-wait", *names)
            assert process.wait(20) == 0
            started = {watch.next(timeout=10).ref for _ in halted}
            assert started == {vm.ref for vm in halted}


def test_a_cursor_continues_in_another_process(lab: Path, start: Start) -> None:
    program = (
        "import sys, hvlib\n"
        "with hvlib.connect(sys.argv[1]) as provider:\n"
        "    with provider.compute.vms.watch(since=sys.argv[2]) as watch:\n"
        "        for event in watch:\n"
        "            print(event.type, event.resource and event.resource.name_label, flush=True)\n"
    )
    with hvlib.connect(address(lab)) as provider:
        vms = provider.compute.vms
        with vms.watch() as watch:
            while watch.next(timeout=10).type != "SYNCED":
                pass
            with pytest.raises(hvlib.WaitTimeout):
                watch.next(timeout=0)
            cursor = watch.cursor
        vm = vms.get_all().first()
        assert vm is not None
        vm.rename("other").wait()
        process = start(program, address(lab), cursor)
        assert process.stdout.readline() == "MODIFIED other\n"
        assert process.stdout.readline() == "SYNCED None\n"
        vm.rename("another").wait()
        assert process.stdout.readline() == "MODIFIED another\n"


def test_expired_sessions_end_in_other_processes_too(lab: Path, hv: Start) -> None:
    process = hv("-P", address(lab), "vm", "watch", "-f", "json")
    for _ in range(21):
        next_event(process)
    with hvlib.connect(address(lab)) as provider:
        vm = provider.compute.vms.get_all().first()
        assert vm is not None
        assert provider.native.open_sessions == 2
        provider.native.expire_sessions()
        vm.rename("after").wait()
        event = next_event(process)
        assert (event["resource"]["name_label"], event["resynced"]) == ("after", True)


def test_two_writers_lose_nothing(lab: Path, start: Start) -> None:
    program = (
        "import sys, hvlib\n"
        "with hvlib.connect(sys.argv[1]) as provider:\n"
        "    vm = provider.compute.vms.get_by_uuid(sys.argv[2])\n"
        "    for number in range(20):\n"
        "        volume = provider.storage.volumes.create(sys.argv[3], 2**30)\n"
        "        hvlib.wait_all([vm.snapshot(f'{sys.argv[3]}-{number}'), volume], timeout=60)\n"
    )
    with hvlib.connect(address(lab)) as provider:
        vm = next(each for each in provider.compute.vms.get_all() if each.power_state == "halted")
        before = provider.compute.snapshots.get_all(vm=vm.ref).count()
        free = sum(pool.free_bytes or 0 for pool in provider.storage.pools.get_all())
        writers = [start(program, address(lab), vm.uuid, name) for name in ("one", "two")]
        assert [writer.communicate(timeout=60) for writer in writers] == [("", ""), ("", "")]
        taken = provider.compute.snapshots.get_all(vm=vm.ref).all()
        assert len(taken) == before + 40
        assert len({one.parent for one in taken}) == len(taken)
        assert sum(pool.free_bytes or 0 for pool in provider.storage.pools.get_all()) == free - 40 * 2**30
    check(lab)


def test_killed_writers_leave_a_consistent_lab(lab: Path, start: Start) -> None:
    for turn in range(6):
        writers = [start(WRITER, address(lab), 10 * turn + number) for number in range(2)]
        for _ in range(3 + 5 * turn):
            assert writers[0].stdout.readline(), writers[0].stderr.read()
        for writer in writers:
            writer.kill()
            writer.wait()
        check(lab)
    with hvlib.connect(address(lab)) as provider:
        for task in provider.tasks.get_all(state=["queued", "running"]):
            assert task.wait_for(state=["succeeded", "failed"], timeout=30)
    check(lab)


@pytest.mark.parametrize("statements", [1, 4, 7, 10, 13])
def test_a_writer_killed_in_a_transaction_changes_nothing(lab: Path, start: Start, statements: int) -> None:
    program = (
        "import os, signal, sys\n"
        "from hvlib_sim.lab import sqlite_file, lifecycle\n"
        "from hvlib_sim.lab.file_lab import FileLab\n"
        "from hvlib_sim.lab.objects import VM\n"
        "from hvlib.actions import Clone\n"
        "change, left = sqlite_file.LabFile.change, [int(sys.argv[2])]\n"
        "def killed(*arguments):\n"
        "    left[0] -= 1\n"
        "    if not left[0]:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return change(*arguments)\n"
        "sqlite_file.LabFile.change = killed\n"
        "with FileLab.opened(sys.argv[1]).at_work() as engine:\n"
        "    engine.perform(lifecycle.clone, engine.store.all(VM)[0], Clone('clone'))\n"
    )
    with closing(FileLab.opened(lab)) as mine:
        before, objects = mine.store.revision, mine.store.count(VM)
        process = start(program, lab, statements)
        assert process.wait(30) == -signal.SIGKILL, process.stderr.read()
        assert (mine.store.revision, mine.store.count(VM)) == (before, objects)
        with mine.at_work() as engine:
            engine.perform(lifecycle.clone, engine.store.all(VM)[0], actions.Clone("clone"))
        assert mine.store.count(VM) == objects + 1
    check(lab)


def test_threads_and_processes_at_once(lab: Path, start: Start) -> None:
    """There is no deadlock, and each thread completes its work."""
    writer = start(WRITER, address(lab), 99)
    assert writer.stdout.readline()
    with hvlib.connect(address(lab)) as provider:

        def work(number: int) -> None:
            for turn in range(5):
                provider.storage.volumes.create(f"mine-{number}-{turn}", 2**20).wait(timeout=30)

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        mine = provider.storage.volumes.get_all(name_label=hvlib.glob("mine-*")).all()
        assert len(mine) == 20
    writer.kill()
    writer.wait()
    check(lab)
