"""Steps that wait until an object has these values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from scripted.cloning import SOON
from scripted.driver import ScriptedFeed, ScriptedSession, ScriptedVMs, scripted

import hvlib
from hvlib.actions import Clone, Start
from hvlib.driver import Batch, Reached, Steps, Upsert, steps
from hvlib.model.errors import TaskFailed
from hvlib.model.ref import Ref


class Booter(ScriptedVMs):
    """Starts a VM and waits until it runs."""

    @steps(Start)
    def start(self, vm: Ref, start: Start, steps: Steps) -> None:  # type: ignore[override]
        steps.call(lambda: self.session.happen("start"))
        steps.until(vm, {"power_state": "running"}, fails={"vcpus": 0})

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        return steps.run(lambda: Reached(vm, {"power_state": "running"}, timeout=0.2))


def feeding(session: ScriptedSession, *changes: dict[str, object]) -> None:
    """Add a feed that delivers the VM with these values, one change after another."""

    def batch(values: dict[str, object], synced: bool) -> Callable[[Any], Batch]:
        def make(query: Any) -> Batch:
            session.vms["a"].update(values)
            return Batch([Upsert(Booter(session).record("a", query))], synced=synced)

        return make

    session.feeds.append(ScriptedFeed(*[batch(values, number == 0) for number, values in enumerate(changes)]))


def test_until_follows_an_object() -> None:
    provider, session = scripted(a={"power_state": "halted"})
    session.vms_adapter = Booter
    vm = provider.compute.vms.get_all().one()
    feeding(session, {"power_state": "halted"}, {"power_state": "running"})
    assert vm.start().wait(timeout=SOON).power_state == "running"
    feeding(session, {"power_state": "halted"}, {"vcpus": 0})
    with pytest.raises(TaskFailed, match="vcpus=0"):
        vm.start().wait(timeout=SOON)
    session.feeds.append(ScriptedFeed(Batch(synced=True)))
    with pytest.raises(hvlib.NotFound):
        vm.start().wait(timeout=SOON)
    feeding(session, {"power_state": "halted"})
    with pytest.raises(TaskFailed, match="not power_state=running after"):
        vm.clone("copy").wait(timeout=SOON)


def test_closing_while_an_object_is_awaited() -> None:
    provider, session = scripted(a={"power_state": "halted"})
    session.vms_adapter = Booter
    vm = provider.compute.vms.get_all().one()
    feeding(session, {"power_state": "halted"})
    feed = session.feeds[0]
    assert isinstance(feed, ScriptedFeed)
    task = vm.start()
    assert feed.waiting.wait(SOON)
    provider.close()
    assert task.state == "cancelled"
