"""The driver on a single ESXi host, which has no vCenter, no clusters and no tags."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers.vcsim import Vcsim

import hvlib
from hvlib.model.event import EventType

SOON = 20.0
KINDS = ("VM", "Host", "Cluster", "Snapshot", "Network", "StoragePool", "Volume", "Image", "Task")


@pytest.fixture(scope="module")
def provider() -> Iterator[hvlib.Provider]:
    with (
        Vcsim(esx=True) as server,
        hvlib.connect(server.url, password=server.password, cacert=str(server.cacert)) as provider,
    ):
        yield provider


def test_it_is_an_esxi_host(provider: hvlib.Provider) -> None:
    assert "ESXi" in provider.about.product


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_listed_and_looked_up(provider: hvlib.Provider, kind: str) -> None:
    collection = provider.collection(kind)
    listed = collection.get_all().all()
    assert bool(listed) == (kind not in ("Cluster", "Snapshot", "Image"))
    for record in listed[:3]:
        assert collection.get(record.ref) == record
        if kind != "Task":
            assert collection.get_by_uuid(record.uuid).ref == record.ref


def test_a_vm_is_watched_and_operated(provider: hvlib.Provider) -> None:
    [vm, *_] = provider.compute.vms.get_all(power_state="running")
    assert vm.host == provider.compute.hosts.get_all().one().ref
    assert provider.compute.vms.get_all(host=vm.host).all() == provider.compute.vms.get_all().all()
    with provider.compute.vms.watch() as watch:
        while next(watch).type is not EventType.SYNCED:
            pass
        assert vm.stop().wait(timeout=SOON).power_state == "halted"
        states = []
        while "halted" not in states:
            event = watch.next(timeout=SOON)
            assert event is not None
            assert event.resource is not None
            states.append(event.resource.power_state)
    assert vm.start().wait(timeout=SOON).power_state == "running"
