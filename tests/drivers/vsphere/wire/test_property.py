"""The native layer, hvlib_vsphere.property, against vcsim with the simulator's own inventory."""

from __future__ import annotations

import doctest
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from drivers.vsphere.wire.administrator import Administrator
from hvlib_vsphere.property import (
    Collector,
    ContainerView,
    FilterSpec,
    Match,
    MoRef,
    ObjectSpec,
    PropertyService,
    PropertySpec,
    SearchIndex,
    Traversal,
    WaitFilter,
    WaitOptions,
)
from pyVmomi import vim
from servers.vcsim import Vcsim

import hvlib

SOON = 20.0
HOST = "DC0/host/DC0_H0/DC0_H0"
VM = "DC0/vm/DC0_H0_VM0"


@pytest.fixture(scope="module")
def server() -> Iterator[Vcsim]:
    with Vcsim(stock=True) as running:
        yield running


@pytest.fixture
def provider(server: Vcsim) -> Iterator[hvlib.Provider]:
    with hvlib.connect(server.url, password=server.password, cacert=str(server.cacert)) as provider:
        yield provider


@pytest.fixture
def service(provider: hvlib.Provider) -> PropertyService:
    return PropertyService(provider.native)


@pytest.fixture
def collector(service: PropertyService) -> Collector:
    return Collector(service)


@pytest.fixture
def host(service: PropertyService) -> MoRef:
    return found(service, HOST)


@pytest.fixture
def vm(service: PropertyService) -> MoRef:
    return found(service, VM)


@pytest.fixture
def power(admin: Administrator, vm: MoRef) -> Iterator[Callable[[str], None]]:
    """Powers the VM ``on`` or ``off``. It runs before and after the test."""
    machine = admin.vm(vm.id)

    def set_power(state: str) -> None:
        if admin.leaf(machine, "runtime.powerState") != f"powered{state.capitalize()}":
            admin.finish(machine.PowerOn() if state == "on" else machine.PowerOff())

    set_power("on")
    yield set_power
    set_power("on")


def found(service: PropertyService, path: str) -> MoRef:
    ref = SearchIndex(service).by_inventory_path(path)
    assert ref is not None
    return ref


def states(update: Any) -> list[str]:
    return [each.values["runtime.powerState"] for each in update.objects]


def power_spec(vm: MoRef) -> FilterSpec:
    return WaitFilter().add(vm, vm.type, ["runtime.powerState"]).spec


class Waiter:
    """Waits for a collector's updates in a thread, and keeps them."""

    def __init__(self, collector: Collector, options: WaitOptions = WaitOptions()) -> None:  # noqa: B008 -- frozen
        self.states: list[str] = []
        self.error: Exception | None = None
        self.changed = threading.Condition()
        self.thread = threading.Thread(target=self._run, args=(collector, options), daemon=True)
        self.thread.start()

    def await_state(self, wanted: str) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: self.states[-1:] == [wanted], SOON), self.states

    def _run(self, collector: Collector, options: WaitOptions) -> None:
        try:
            for update in collector.wait_for_updates(options):
                with self.changed:
                    self.states += states(update)
                    self.changed.notify_all()
        except hvlib.HvlibError as error:
            self.error = error


def await_call(server: Vcsim, method: str, count: int) -> None:
    """Wait until the server has received so many calls of a method."""
    deadline = time.monotonic() + SOON
    while server.calls().get(method, 0) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_wait_ends_when_its_condition_holds(
    collector: Collector, vm: MoRef, power: Callable[[str], None], server: Vcsim
) -> None:
    before = server.leftovers()
    seen: list[str] = []

    def until(values: Mapping[str, Any]) -> bool:
        seen.append(values["runtime.powerState"])
        return seen[-1] == "poweredOff"

    timer = threading.Timer(0.1, power, ["off"])
    timer.start()
    assert collector.wait(vm, ["runtime.powerState"], until)
    timer.join()
    assert seen == ["poweredOn", "poweredOff"]
    assert server.leftovers() == before


def test_a_wait_ends_after_a_time_without_a_change(collector: Collector, vm: MoRef, server: Vcsim) -> None:
    before = server.leftovers()
    options = WaitOptions(max_wait_seconds=1)
    assert not collector.wait(vm, ["runtime.powerState"], lambda _: False, options)
    assert server.leftovers() == before


def test_a_wait_that_fails_leaves_nothing(collector: Collector, vm: MoRef, server: Vcsim) -> None:
    before = server.leftovers()

    def fail(_: object) -> bool:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        collector.wait(vm, ["runtime.powerState"], fail)
    assert server.leftovers() == before


def test_the_machines_of_a_host_are_read_by_their_references(collector: Collector, host: MoRef, vm: MoRef) -> None:
    vms = collector.retrieve_one(host, ["vm"]).values["vm"]
    names = sorted(row.values["name"] for row in collector.retrieve(vms, ["name"]))
    assert f"host has {len(names)} vms: {' '.join(names)}" == "host has 2 vms: DC0_H0_VM0 DC0_H0_VM1"
    assert collector.retrieve_one(vm, ["config.version"]).values == {"config.version": "vmx-13"}


def test_all_properties_are_read_if_none_are_named(collector: Collector, host: MoRef) -> None:
    values = collector.retrieve_one(host).values
    assert values["name"] == "DC0_H0"
    assert values["runtime"]["connectionState"] == "connected"


def test_what_does_not_exist_is_not_found(collector: Collector, vm: MoRef) -> None:
    with pytest.raises(hvlib.NotFound):
        collector.retrieve([vm, MoRef("VirtualMachine", "vm-0")], ["name"])
    row = collector.retrieve_one(vm, ["name", "nothing"])
    assert (row.values, row.missing["nothing"].type) == ({"name": "DC0_H0_VM0"}, "InvalidProperty")


def test_a_filter_may_be_made_and_destroyed_while_a_wait_is_under_way(
    service: PropertyService, vm: MoRef, power: Callable[[str], None], server: Vcsim
) -> None:
    before = server.leftovers()
    with Collector.create(service) as own:
        calls = server.calls().get("WaitForUpdatesEx", 0)
        waiter = Waiter(own)
        await_call(server, "WaitForUpdatesEx", calls + 1)
        power("off")
        power("on")
        assert waiter.states == []
        filter = own.create_filter(power_spec(vm))  # The simulator reports its objects with the next change.
        power("off")
        waiter.await_state("poweredOff")
        filter.destroy()
        power("on")
        with Collector.create(service) as other, other.create_filter(power_spec(vm)):
            assert next(map(states, other.wait_for_updates())) == ["poweredOn"]
        assert waiter.states[-1] == "poweredOff"
        own.cancel_wait_for_updates()
        waiter.thread.join(SOON)
    assert (waiter.error, waiter.thread.is_alive()) == (None, False)
    assert server.leftovers() == before


def test_one_thread_waits_at_a_time(service: PropertyService, vm: MoRef, power: Callable[[str], None]) -> None:
    with Collector.create(service) as own, own.create_filter(power_spec(vm)):
        first = Waiter(own)
        first.await_state("poweredOn")
        second = Waiter(own)
        second.thread.join(SOON)
        assert isinstance(second.error, hvlib.ConcurrentWatch)
        own.cancel_wait_for_updates()
        first.thread.join(SOON)
        assert first.error is None
        third = Waiter(own, WaitOptions(max_wait_seconds=1))
        third.thread.join(SOON)
        assert (third.error, third.thread.is_alive()) == (None, False)


def test_the_updates_of_two_views_come_in_parts() -> None:
    with (
        Vcsim(stock=True, clusters=3, machines=42) as big,
        hvlib.connect(big.url, password=big.password, cacert=str(big.cacert)) as provider,
    ):
        service = PropertyService(provider.native)
        before = big.leftovers()
        found: dict[str, set[str]] = {"HostSystem": set(), "VirtualMachine": set()}
        callbacks, replies = 0, big.calls().get("WaitForUpdatesEx", 0)
        with (
            ContainerView.create(service, ["HostSystem"]) as hosts,
            ContainerView.create(service, ["VirtualMachine"]) as vms,
            Collector.create(service) as own,
        ):
            own.create_filter(hosts.spec("HostSystem", ["name"]))
            own.create_filter(vms.spec("VirtualMachine", ["name"]))
            for update in own.wait_for_updates(WaitOptions(max_object_updates=50)):
                callbacks += 1
                for each in update.objects:
                    found[each.ref.type].add(each.values["name"])
                if not update.truncated and sum(map(len, found.values())) == 178:
                    break
        assert {type: len(names) for type, names in found.items()} == {"HostSystem": 10, "VirtualMachine": 168}
        assert (callbacks, big.calls()["WaitForUpdatesEx"] - replies) == (5, 4)
        assert big.leftovers() == before


def test_matches_are_of_all_or_any_values(service: PropertyService, collector: Collector) -> None:
    with ContainerView.create(service, ["VirtualMachine"]) as view:
        paths = ["name", "config.hardware.numCPU", "runtime.powerState"]
        rows = list(collector.retrieve_properties(view.spec("VirtualMachine", paths)))
    names = {row.ref: row.values["name"] for row in rows}
    every = Match({"name": "DC0_H0_*", "config.hardware.numCPU": 1})
    some = Match({"name": "*_VM0", "config.hardware.numCPU": "1"})
    assert sorted(names[ref] for ref in every.objects_with_all(rows)) == ["DC0_H0_VM0", "DC0_H0_VM1"]
    assert sorted(names[ref] for ref in some.objects_with_any(rows)) == ["DC0_C0_RP0_VM0", "DC0_H0_VM0"]
    assert some.objects_with_all(rows) == []
    assert every.keys == ("name", "config.hardware.numCPU")
    assert every.property("name", "DC0_H0_VM7")
    assert not every.property("name", "web")
    assert not every.property("runtime.powerState", "poweredOn")
    fitting = collector.retrieve_with_filter(list(names), every, ["runtime.powerState"])
    assert [row.values for row in fitting] == [{"runtime.powerState": "poweredOn"}] * 2
    assert collector.retrieve_with_filter(list(names), Match({"name": "nothing"}), ["name"]) == []
    assert collector.retrieve_with_filter([], every) == []


def test_a_page_has_as_many_objects_as_asked_for(service: PropertyService, server: Vcsim) -> None:
    with ContainerView.create(service, ["VirtualMachine"]) as view:
        before = server.calls().get("ContinueRetrievePropertiesEx", 0)
        rows = list(Collector(service).retrieve_properties(view.spec("VirtualMachine", ["name"]), max_objects=3))
    assert len({row.ref for row in rows}) == 4
    assert server.calls()["ContinueRetrievePropertiesEx"] - before == 1


def test_several_hops_are_one_retrieval(collector: Collector, vm: MoRef, server: Vcsim) -> None:
    hops = (Traversal(vm.type, "network"), Traversal(vm.type, "resourcePool", (Traversal("ResourcePool", "owner"),)))
    types = ("VirtualMachine", "Network", "ResourcePool", "ComputeResource")
    spec = FilterSpec([PropertySpec(type, ["name"]) for type in types], [ObjectSpec(vm, hops)])
    before = server.calls().get("RetrievePropertiesEx", 0)
    names = sorted(row.values["name"] for row in collector.retrieve_properties(spec))
    assert names == ["DC0_DVPG0", "DC0_H0", "DC0_H0_VM0", "Resources"]
    assert server.calls()["RetrievePropertiesEx"] - before == 1


def test_values_have_the_types_of_the_schema(collector: Collector, vm: MoRef, host: MoRef) -> None:
    paths = [
        *("config.hardware.device[4000]", 'config.extraConfig["govcsim"]', "config.hardware.numCPU"),
        *("config.template", "guest.net", "config.annotation", "snapshot", "network", "layoutEx.file"),
    ]
    values = collector.retrieve_one(vm, paths).values
    assert values["config.hardware.device[4000]"]["macAddress"].startswith("00:0c:29:")
    assert values["config.hardware.device[4000]"]["connectable"]["connected"] is True
    assert values["config.hardware.numCPU"] == 1
    assert values["config.template"] is False
    assert values["snapshot"] is None
    assert type(values["network"]) is tuple
    assert type(values["network"][0]) is MoRef
    assert {type(each["size"]) for each in values["layoutEx.file"]} == {int}
    cards = collector.retrieve_one(host, ["config.network.pnic"]).values["config.network.pnic"]
    assert type(cards) is tuple


def test_objects_are_found_by_the_servers_index(
    service: PropertyService, collector: Collector, admin: Administrator, vm: MoRef, host: MoRef
) -> None:
    search = SearchIndex(service)
    paths = ["DC0", "DC0/vm", "DC0/host/DC0_C0", "DC0/host/DC0_C0/Resources", HOST, VM]
    types = [ref.type for ref in map(search.by_inventory_path, paths) if ref is not None]
    assert types == [
        *("Datacenter", "Folder", "ClusterComputeResource", "ResourcePool", "HostSystem", "VirtualMachine")
    ]
    assert search.by_inventory_path("DC0/vm/nothing") is None
    assert search.child(found(service, "DC0/vm"), "DC0_H0_VM0") == vm
    wanted = ["config.instanceUuid", "config.uuid"]
    uuids = collector.retrieve_one(vm, wanted).values
    assert search.by_uuid(uuids["config.instanceUuid"]) == [vm]
    assert search.by_uuid(uuids["config.uuid"], instance=False) == [vm]
    hardware = collector.retrieve_one(host, ["summary.hardware.uuid"]).values["summary.hardware.uuid"]
    assert host in search.by_uuid(hardware, vms=False)
    machine = admin.vm(vm.id)
    admin.finish(machine.ReconfigVM_Task(vim.vm.ConfigSpec(extraConfig=guest("10.0.0.9", "web.example"))))
    assert search.by_ip("10.0.0.9") == [vm]
    assert search.by_dns_name("web.example") == [vm]
    assert search.by_ip("10.9.9.9") == []


def guest(ip: str, name: str) -> list[Any]:
    values = {"SET.guest.ipAddress": ip, "SET.guest.hostName": name}
    return [vim.option.OptionValue(key=key, value=value) for key, value in values.items()]


def test_the_provider_has_to_be_of_vsphere() -> None:
    with hvlib.connect("sim://") as provider, pytest.raises(hvlib.InvalidQuery, match="vSphere"):
        PropertyService(provider.native)


def test_a_session_that_ended_is_said_to_be(
    provider: hvlib.Provider, service: PropertyService, host: MoRef, admin: Administrator
) -> None:
    admin.expire_sessions()
    with pytest.raises(hvlib.ConnectionFailed, match="session has ended"):
        Collector(service).retrieve_one(host, ["name"])
    assert provider.compute.hosts.get_all().all()
    assert Collector(service).retrieve_one(host, ["name"]).values == {"name": "DC0_H0"}


def test_the_examples_of_the_documentation_run(provider: hvlib.Provider, power: Callable[[str], None]) -> None:
    page = Path(__file__).parents[4] / "docs/drivers/vsphere-properties.md"
    outcome = doctest.testfile(str(page), module_relative=False, globs={"provider": provider}, raise_on_error=True)
    assert outcome.attempted > 20


def test_threads_may_share_a_collector(collector: Collector, vm: MoRef) -> None:
    with ThreadPoolExecutor(8) as threads:
        rows = threads.map(lambda _: collector.retrieve_one(vm, ["name"]), range(32))
        assert {row.values["name"] for row in rows} == {"DC0_H0_VM0"}
