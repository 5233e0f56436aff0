"""Actions of several calls whose session is lost at one of them: each call is carried out once, and the action ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from servers.faulty_fault import Exchange, Fault
from servers.faulty_proxy import FaultyProxy, json_method, named
from servers.xapi import Xapi

import hvlib

SOON = 60.0
LOGIN = "session.login_with_password"
CLASSES = ("VM", "VDI", "VBD", "VIF", "network", "PIF")

Case = Callable[[Xapi, hvlib.Provider, Callable[[], None]], Callable[[], None]]
"""Prepares an action, calls the function, carries the action out and checks it; returns the function that cleans up."""


def counts(xapi: Xapi) -> dict[str, int]:
    return {cls: len(xapi.call(f"{cls}.get_all")) for cls in CLASSES}


def first(provider: hvlib.Provider, state: str) -> hvlib.VM:
    vm = provider.compute.vms.get_all(power_state=state).first()
    assert vm is not None
    return vm


def image(provider: hvlib.Provider) -> hvlib.Image:
    [image] = provider.image.images.get_by_name_label("Debian 12 with a disk")
    return image


def isolated(provider: hvlib.Provider) -> hvlib.Network:
    [network] = provider.network.networks.get_by_name_label("Isolated")
    return network


def a_volume(provider: hvlib.Provider) -> hvlib.Volume:
    provider.storage.volumes.create("data", 2**30).wait(timeout=SOON)
    [volume] = provider.storage.volumes.get_by_name_label("data")
    return volume


def nothing() -> None:
    """There is nothing to clean up."""


def create(xapi: Xapi, provider: hvlib.Provider, lose: Callable[[], None]) -> Callable[[], None]:
    template, network, volume = image(provider), isolated(provider), a_volume(provider)
    lose()
    vm = provider.compute.vms.create(
        "made", image=template, vcpus=2, memory_bytes=2**31, networks=[network], volumes=[volume], start=True
    ).wait(timeout=SOON)
    assert [each.ref for each in provider.compute.vms.get_by_name_label("made")] == [vm.ref]
    assert (vm.power_state, vm.vcpus, vm.networks, vm.volumes[1:]) == ("running", 2, (network.ref,), (volume.ref,))

    def clear() -> None:
        vm.stop().wait(timeout=SOON)
        vm.delete().wait(timeout=SOON)
        volume.delete().wait(timeout=SOON)

    return clear


def delete(xapi: Xapi, provider: hvlib.Provider, lose: Callable[[], None]) -> Callable[[], None]:
    vm = provider.compute.vms.create("made", image=image(provider)).wait(timeout=SOON)
    vm.snapshot("kept").wait(timeout=SOON)
    lose()
    assert vm.delete().wait(timeout=SOON) is None
    return nothing


def attach(xapi: Xapi, provider: hvlib.Provider, lose: Callable[[], None]) -> Callable[[], None]:
    vm, volume = first(provider, "running"), a_volume(provider)
    lose()
    assert vm.attach_volume(volume).wait(timeout=SOON).volumes == (*vm.volumes, volume.ref)
    assert vm.detach_volume(volume).wait(timeout=SOON).volumes == vm.volumes
    return lambda: volume.delete().wait(timeout=SOON)


def resize(xapi: Xapi, provider: hvlib.Provider, lose: Callable[[], None]) -> Callable[[], None]:
    vm = first(provider, "halted")
    lose()
    resized = vm.resize(vcpus=vm.vcpus + 1, memory_bytes=vm.memory_bytes + 2**20).wait(timeout=SOON)
    assert (resized.vcpus, resized.memory_bytes) == (vm.vcpus + 1, vm.memory_bytes + 2**20)
    return nothing


def tag(xapi: Xapi, provider: hvlib.Provider, lose: Callable[[], None]) -> Callable[[], None]:
    lose()
    network = provider.network.networks.create("tagged", vlan_id=12).wait(timeout=SOON)
    assert network.vlan_id == 12
    assert len(provider.network.networks.get_by_name_label("tagged")) == 1
    network.delete().wait(timeout=SOON)
    return nothing


def move(xapi: Xapi, provider: hvlib.Provider, lose: Callable[[], None]) -> Callable[[], None]:
    vm = first(provider, "running")
    pool = next(pool for pool in provider.storage.pools.get_all() if not pool.shared)
    lose()
    moved = vm.migrate(pool=pool).wait(timeout=SOON)
    assert {volume.pool for volume in provider.get_many(moved.volumes).values()} == {pool.ref}
    return nothing


@pytest.mark.timeout(240)
@pytest.mark.parametrize("case", [create, delete, attach, resize, tag, move])
def test_a_session_is_lost_at_each_call(xapi: Xapi, provider: hvlib.Provider, case: Case) -> None:
    xapi.set(task_time=0.0)
    assert provider.about
    before, calls = counts(xapi), 0

    def count() -> None:
        nonlocal calls
        calls = -sum(xapi.calls().values())

    clear = case(xapi, provider, count)
    calls += sum(xapi.calls().values())
    clear()
    assert counts(xapi) == before
    logins = xapi.calls()[LOGIN]
    for call in range(calls):
        case(xapi, provider, lambda call=call: xapi.add_fault("session_lost", skip=call))()  # type: ignore[misc]
        xapi.clear_faults()  # The number of calls that poll a task varies: the last faults may not have happened.
        assert counts(xapi) == before, f"lost at call {call}"
    assert xapi.calls()[LOGIN] - logins > calls / 2


class RefuseAfter(Fault):
    """The server acts and answers; afterwards no connection reaches it."""

    def __init__(self, proxy: FaultyProxy) -> None:
        self._proxy = proxy

    def strike(self, exchange: Exchange) -> None:
        reply = exchange.forward()
        self._proxy.admit_no_more()
        exchange.answer(reply.raw.replace(b"keep-alive", b"close"))


@contextmanager
def through(xapi: Xapi) -> Iterator[tuple[FaultyProxy, hvlib.Provider]]:
    retry = hvlib.RetryPolicy(backoff=lambda *_: 0.0, max_outage=1.0)
    with (
        FaultyProxy(("127.0.0.1", xapi.port), named_by=json_method) as proxy,
        hvlib.connect(
            f"xenapi+http://{xapi.user}@127.0.0.1:{proxy.port}", password=xapi.password, retry=retry
        ) as provider,
    ):
        yield proxy, provider


def test_a_call_that_can_not_be_sent_ends_the_action(xapi: Xapi) -> None:
    """The action is not started again. The error names the task that may still run, and the VM's disk."""
    with through(xapi) as (proxy, provider):
        vm = provider.compute.vms.create("made", image=image(provider)).wait(timeout=SOON)
        proxy.next(RefuseAfter(proxy), when=named("Async.VM.destroy"))
        with pytest.raises(hvlib.ConnectionFailed) as caught:
            vm.delete().wait(timeout=SOON)
        assert [ref.kind for ref in caught.value.left] == ["Task", "Volume"]
        proxy.admit()
    assert xapi.calls()["Async.VM.destroy"] == 1


def test_a_session_that_is_lost_for_good(xapi: Xapi, provider: hvlib.Provider) -> None:
    before = counts(xapi)
    xapi.add_fault("session_lost", "VM.set_affinity", times=100)
    host = provider.compute.hosts.get_all().first()
    assert host is not None
    with pytest.raises(hvlib.ConnectionFailed, match="dropped 3 sessions"):
        provider.compute.vms.create("made", image=image(provider), host=host).wait(timeout=SOON)
    assert counts(xapi) == before
    assert xapi.calls()["Async.VM.clone"] == 1


def test_operations_that_take_longer_than_the_time_out(xapi: Xapi) -> None:
    """No single call waits for a long operation."""
    with hvlib.connect(xapi.url, password=xapi.password, timeout=0.6) as provider:
        template = image(provider)
        pool = next(pool for pool in provider.storage.pools.get_all() if not pool.shared)
        running, volume = first(provider, "running"), a_volume(provider)
        xapi.set(task_time=1.0)
        vm = provider.compute.vms.create("made", image=template, pool=pool).wait(timeout=SOON)
        assert {volume.pool for volume in provider.get_many(vm.volumes).values()} == {pool.ref}
        vm.delete().wait(timeout=SOON)
        running.attach_volume(volume).wait(timeout=SOON)
        running.detach_volume(volume).wait(timeout=SOON)


def test_a_creation_whose_task_can_not_be_followed_leaves_nothing(xapi: Xapi, provider: hvlib.Provider) -> None:
    template, before = image(provider), counts(xapi)
    xapi.set(task_time=0.5)
    xapi.add_fault("http_500", "event.from")
    with pytest.raises(hvlib.ProtocolError):
        provider.compute.vms.create("made", image=template).wait(timeout=SOON)
    assert counts(xapi) == before


def test_a_task_that_the_server_forgot(xapi: Xapi, provider: hvlib.Provider) -> None:
    """A restart loses the tasks: the outcome is unknown, and the wait does not last for ever."""
    template = image(provider)
    looks = xapi.calls().get("event.from", 0)
    xapi.set(task_time=60.0)
    creating = provider.compute.vms.create("made", image=template)
    until = time.monotonic() + SOON
    while xapi.calls().get("event.from", 0) == looks and time.monotonic() < until:
        pass  # The task is not followed yet.
    xapi.set(task_time=0.0)
    xapi.restart_toolstack()
    with pytest.raises(hvlib.TaskFailed, match="outcome is unknown"):
        creating.wait(timeout=SOON)
    assert xapi.calls()["Async.VM.clone"] == 1


def test_tasks_that_the_driver_followed_are_removed(xapi: Xapi, provider: hvlib.Provider) -> None:
    before: Any = xapi.leftovers()["tasks"]
    provider.compute.vms.create("made", image=image(provider)).wait(timeout=SOON).delete().wait(timeout=SOON)
    provider.close()
    assert xapi.leftovers() == {"sessions": 0, "tasks": before}
