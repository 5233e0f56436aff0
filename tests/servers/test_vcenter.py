"""Our own vCenter, judged by the vendor's SDK: it lists, watches and acts. hvlib's driver is tested elsewhere."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from servers.vcenter.sdk import vim, vmodl
from servers.vcenter.vcenter import VCenter

connect: Any = import_module("pyVim.connect")
WaitForTask: Any = import_module("pyVim.task").WaitForTask
PropertyCollector = vmodl.query.PropertyCollector


@pytest.fixture(scope="module")
def server() -> Iterator[VCenter]:
    with VCenter(vms=8, hosts=2, page=5, updates=3) as running:
        yield running


@pytest.fixture
def instance(server: VCenter) -> Iterator[Any]:
    connected = connect.SmartConnect(
        protocol="http", host="127.0.0.1", port=server.port, user=server.user, pwd=server.password
    )
    yield connected
    connect.Disconnect(connected)
    connected._stub.DropConnections()


def view_of(instance: Any, kind: Any) -> Any:
    content = instance.content
    return content.viewManager.CreateContainerView(content.rootFolder, [kind], True)


def spec_of(view: Any, kind: Any, *paths: str) -> Any:
    walk = PropertyCollector.TraversalSpec(type=type(view), path="view", skip=False)
    return PropertyCollector.FilterSpec(
        objectSet=[PropertyCollector.ObjectSpec(obj=view, skip=True, selectSet=[walk])],
        propSet=[PropertyCollector.PropertySpec(type=kind, pathSet=list(paths))],
    )


def machine(instance: Any, name: str) -> Any:
    return next(vm for vm in view_of(instance, vim.VirtualMachine).view if vm.name == name)


def test_the_sdk_lists_in_pages(instance: Any) -> None:
    collector = instance.content.propertyCollector
    spec = spec_of(view_of(instance, vim.VirtualMachine), vim.VirtualMachine, "name", "config.hardware.device[2000]")
    page = collector.RetrievePropertiesEx([spec], PropertyCollector.RetrieveOptions())
    sizes, disks = [], []
    while page is not None:
        sizes.append(len(page.objects))
        disks += [each.propSet[1].val.capacityInBytes for each in page.objects]
        page = collector.ContinueRetrievePropertiesEx(page.token) if page.token else None
    assert (sizes, set(disks)) == ([5, 4], {16 << 30})


def test_the_sdk_reads_every_property_of_every_object(instance: Any) -> None:
    """The SDK refuses values of the wrong type, and structures that lack a value."""
    for kind in (vim.VirtualMachine, vim.HostSystem, vim.Datastore, vim.Network, vim.ClusterComputeResource):
        for entity in view_of(instance, kind).view:
            spec = PropertyCollector.FilterSpec(
                objectSet=[PropertyCollector.ObjectSpec(obj=entity)],
                propSet=[PropertyCollector.PropertySpec(type=type(entity), all=True)],
            )
            [content] = instance.content.propertyCollector.RetrieveContents([spec])
            assert content.missingSet == []
            assert "name" in {each.name for each in content.propSet}


def test_the_sdk_acts_and_waits_for_tasks(instance: Any) -> None:
    vm = machine(instance, "vm-00001")
    WaitForTask(vm.PowerOnVM_Task(), si=instance)
    assert (vm.runtime.powerState, vm.guest.toolsRunningStatus) == ("poweredOn", "guestToolsRunning")
    with pytest.raises(vim.fault.InvalidPowerState):
        vm.PowerOnVM_Task()
    snapshot = WaitForTask(vm.CreateSnapshot_Task("first", "", True, False), si=instance)
    assert snapshot == "success"
    assert vm.snapshot.rootSnapshotList[0].name == "first"
    WaitForTask(vm.Rename_Task("renamed"), si=instance)
    assert vm.name == "renamed"
    WaitForTask(vm.PowerOffVM_Task(), si=instance)
    copy = vm.CloneVM_Task(vm.parent, "copy", vim.vm.CloneSpec(location=vim.vm.RelocateSpec()))
    WaitForTask(copy, si=instance)
    WaitForTask(copy.info.result.Destroy_Task(), si=instance)
    assert "copy" not in [each.name for each in view_of(instance, vim.VirtualMachine).view]


def test_the_sdk_answers_a_question(server: VCenter, instance: Any) -> None:
    vm = machine(instance, "vm-00002")
    server.ask(vm._moId, "Was it moved or copied?", {"1": "moved", "2": "copied"})
    question = vm.runtime.question
    assert [each.label for each in question.choice.choiceInfo] == ["moved", "copied"]
    vm.AnswerVM(question.id, "2")
    assert vm.runtime.question is None


def test_the_sdk_watches(server: VCenter, instance: Any) -> None:
    """The sets are truncated; objects enter, change, move and leave; a version can be asked for again."""
    collector = instance.content.propertyCollector.CreatePropertyCollector()
    spec = spec_of(view_of(instance, vim.VirtualMachine), vim.VirtualMachine, "name", "parent")
    collector.CreateFilter(spec, True)
    options = PropertyCollector.WaitOptions(maxWaitSeconds=5)
    entered, version, truncated = [], "", True
    while truncated:
        update = collector.WaitForUpdatesEx(version, options)
        entered += [(each.kind, each.obj) for each in update.filterSet[0].objectSet]
        version, truncated = update.version, update.truncated
    assert [kind for kind, _ in entered] == ["enter"] * 9

    def changes() -> list[Any]:
        update = collector.WaitForUpdatesEx(version, options)
        assert collector.WaitForUpdatesEx(version, options).filterSet[0].objectSet[0].obj is not None
        return [
            (update.version, each.kind, each.obj._moId, [(change.name, change.val) for change in each.changeSet])
            for each in update.filterSet[0].objectSet
        ]

    moved = machine(instance, "vm-00003")
    others = next(each for each in view_of(instance, vim.Folder).view if each.name == "others")
    WaitForTask(others.MoveIntoFolder_Task([moved]), si=instance)
    [(version, *told)] = changes()
    assert told == ["modify", moved._moId, [("parent", others)]]
    made = server.create_vm("made")
    [(version, *told)] = changes()
    assert told[:2] == ["enter", made]
    server.remove(made)
    [(version, *told)] = changes()
    assert told == ["leave", made, []]
    assert collector.WaitForUpdatesEx(version, PropertyCollector.WaitOptions(maxWaitSeconds=0)) is None
    collector.DestroyPropertyCollector()


def waiting(instance: Any, server: VCenter) -> tuple[threading.Thread, list[Any], Any]:
    """A thread that waits for updates, what it raises, and its collector."""
    collector = instance.content.propertyCollector.CreatePropertyCollector()
    raised: list[Any] = []

    def wait() -> None:
        try:
            collector.WaitForUpdatesEx("", PropertyCollector.WaitOptions(maxWaitSeconds=20))
        except vmodl.MethodFault as fault:
            raised.append(type(fault))

    before = server.calls().get("WaitForUpdatesEx", 0)
    thread = threading.Thread(target=wait)
    thread.start()
    while server.calls().get("WaitForUpdatesEx", 0) == before:
        pass
    return thread, raised, collector


def test_a_wait_ends_when_it_is_cancelled(server: VCenter, instance: Any) -> None:
    thread, raised, collector = waiting(instance, server)
    collector.CancelWaitForUpdates()
    thread.join(10)
    assert raised == [vmodl.fault.RequestCanceled]


def test_a_wait_ends_with_its_session(server: VCenter, instance: Any) -> None:
    thread, raised, _ = waiting(instance, server)
    server.expire_sessions()
    thread.join(10)
    assert raised == [vim.fault.NotAuthenticated]
    assert server.leftovers() == {"sessions": 0, "views": 0, "collectors": 0, "filters": 0}


def test_a_lost_version_is_refused(server: VCenter, instance: Any) -> None:
    collector = instance.content.propertyCollector.CreatePropertyCollector()
    collector.CreateFilter(spec_of(view_of(instance, vim.HostSystem), vim.HostSystem, "name"), True)
    version = collector.WaitForUpdatesEx("", PropertyCollector.WaitOptions()).version
    server.lose_versions()
    with pytest.raises(vmodl.query.InvalidCollectorVersion):
        collector.WaitForUpdatesEx(version, PropertyCollector.WaitOptions())


def test_a_property_that_may_not_be_read_is_missing(server: VCenter, instance: Any) -> None:
    hosts = view_of(instance, vim.HostSystem)
    server.deny(hosts.view[0]._moId, ["name"])
    spec = spec_of(hosts, vim.HostSystem, "name", "runtime.connectionState")
    first, second = instance.content.propertyCollector.RetrieveContents([spec])
    assert [(each.path, type(each.fault)) for each in first.missingSet] == [("name", vim.fault.NoPermission)]
    assert [each.name for each in first.propSet] == ["runtime.connectionState"]
    assert second.missingSet == []
    server.allow_all()


def test_objects_are_searched_for(instance: Any) -> None:
    search = instance.content.searchIndex
    vm, [host, *_] = machine(instance, "vm-00004"), view_of(instance, vim.HostSystem).view
    assert search.FindAllByUuid(None, vm.config.instanceUuid, True, True) == [vm]
    assert search.FindByUuid(None, host.summary.hardware.uuid, False) == host
    assert search.FindByIp(None, "10.1.0.10", False) == host
    assert search.FindByDnsName(None, host.name, False) == host
    assert search.FindByInventoryPath("lab/vm/vm-00004") == vm
    assert search.FindByInventoryPath("lab/host/cluster/Resources").__class__ is vim.ResourcePool
    assert search.FindChild(vm.parent, "nobody") is None
