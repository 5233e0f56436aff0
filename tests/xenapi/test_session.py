"""Logins: where the master is, over which wire, and that nothing is left."""

from __future__ import annotations

import pytest
from servers.faulty_fault import Replace
from servers.faulty_proxy import FaultyProxy
from servers.xapi import Xapi

import hvlib

NOT_FOUND = Replace(404, "Not Found", b"", {"content-type": "text/html"})


def connect(xapi: Xapi, url: str) -> hvlib.Provider:
    return hvlib.connect(url, password=xapi.password, retry=hvlib.RetryPolicy(backoff=lambda *_: 0.0))


def test_a_slave_names_the_master() -> None:
    with Xapi(vms=10, slave=True) as xapi, connect(xapi, xapi.url) as provider:
        assert len(provider.compute.vms.get_all().all()) == 10


def test_certificates_hold_for_the_master_too() -> None:
    with (
        Xapi(vms=10, slave=True, tls=True) as xapi,
        hvlib.connect(xapi.url, password=xapi.password, cacert=str(xapi.cacert)) as provider,
    ):
        assert len(provider.compute.vms.get_all().all()) == 10


def test_certificates_are_verified() -> None:
    with (
        Xapi(vms=1, tls=True) as xapi,
        hvlib.connect(xapi.url, password=xapi.password) as provider,
        pytest.raises(hvlib.ConnectionFailed, match="certificate"),
    ):
        provider.compute.vms.get_all().all()
    assert xapi.url.startswith("xenapi://")


def test_another_master(xapi: Xapi) -> None:
    with connect(xapi, xapi.url) as provider:
        assert provider.compute.vms.get_all().first() is not None
        xapi.set_master(xapi.addresses[1])
        assert len(provider.compute.vms.get_all().all()) == 10


def test_a_dead_master_is_replaced(xapi: Xapi) -> None:
    with connect(xapi, xapi.url) as provider, provider.compute.vms.watch(fields=["name_label"]) as watch:
        while next(watch).type != "SYNCED":
            pass
        xapi.set_master(xapi.addresses[1])
        xapi.stop_member(xapi.addresses[0])
        assert len(provider.compute.vms.get_all().all()) == 10
        [vm] = provider.compute.vms.get_by_name_label("vm-00003")
        vm.rename("renamed").wait(timeout=10)
        event = watch.next(timeout=10)
        assert event is not None
        assert event.resource is not None
        assert event.resource.name_label == "renamed"


def test_the_unix_socket(xapi: Xapi) -> None:
    with hvlib.connect(f"xenapi+unix://{xapi.unix_socket}") as provider:
        assert len(provider.compute.vms.get_all().all()) == 10


def test_where_json_is_absent(xapi: Xapi) -> None:
    """XML-RPC gives the same records and events."""
    proxy = FaultyProxy(("127.0.0.1", xapi.port))
    proxy.next(NOT_FOUND, when=lambda request: request.path == "/jsonrpc", times=1000)
    try:
        with (
            connect(xapi, xapi.url) as json,
            connect(xapi, f"xenapi+http://root@127.0.0.1:{proxy.port}") as xml,
        ):
            for name in ("VM", "Host", "Cluster", "Network", "StoragePool", "Volume", "Image"):
                expected = {ref: record.to_dict() for ref, record in json.collection(name).get_all_records().items()}
                found = {ref: record.to_dict() for ref, record in xml.collection(name).get_all_records().items()}
                assert found == expected
                with xml.collection(name).watch() as watch:
                    told = []
                    while (event := watch.next(timeout=10)) is not None and event.resource is not None:
                        told.append(event.resource.to_dict())
                assert sorted(told, key=str) == sorted(expected.values(), key=str)
            vm = xml.compute.vms.get_all(power_state="halted").first()
            assert vm is not None
            assert vm.start().wait(timeout=10).power_state == "running"
            assert vm.stop().wait(timeout=10).power_state == "halted"
            assert vm.resize(vcpus=3, memory_bytes=2**31).wait(timeout=10).memory_bytes == 2**31
    finally:
        proxy.close()


def test_tasks_are_removed(xapi: Xapi) -> None:
    before = xapi.leftovers()
    with connect(xapi, xapi.url) as provider:
        vm = provider.compute.vms.get_all(power_state="halted").first()
        assert vm is not None
        for _ in range(2):
            vm.start().wait(timeout=10)
            vm.stop().wait(timeout=10)
        assert xapi.leftovers()["tasks"] <= before["tasks"] + 1
    assert xapi.leftovers() == before


def test_the_native_connection(xapi: Xapi) -> None:
    with connect(xapi, xapi.url) as provider:
        assert provider.about
        session = provider.native
        assert len(session.VM.get_all_records()) == 10 + 2 + 3
        [pool] = session.pool.get_all()
        assert session.pool.get_record(pool)["uuid"] == provider.about.uuid


def test_a_wrong_password(xapi: Xapi) -> None:
    with hvlib.connect(xapi.url, password="wrong") as provider, pytest.raises(hvlib.AuthenticationFailed):
        provider.compute.vms.get_all().all()
