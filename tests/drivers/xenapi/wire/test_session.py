"""Sessions: finding the master, choosing the wire, and leaving nothing behind."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hvlib_xenapi.wire.client import TASK_REMOVAL_TIMEOUT
from servers.faulty_fault import Delay, FreezeBefore, Replace, html_page, server_error
from servers.faulty_proxy import FaultyProxy, json_method, named
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


@pytest.mark.parametrize("absent", [NOT_FOUND, server_error(), html_page()], ids=["404", "500", "HTML"])
def test_a_server_without_json(xapi: Xapi, absent: Replace) -> None:
    """XML-RPC gives the same records and events. A xapi without JSON-RPC answers 500."""
    proxy = FaultyProxy(("127.0.0.1", xapi.port))
    proxy.next(absent, when=lambda request: request.path == "/jsonrpc", times=1000)
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
                    records = []
                    while (event := watch.next(timeout=10)) is not None and event.resource is not None:
                        records.append(event.resource.to_dict())
                assert sorted(records, key=str) == sorted(expected.values(), key=str)
            vm = xml.compute.vms.get_all(power_state="halted").first()
            assert vm is not None
            assert vm.start().wait(timeout=10).power_state == "running"
            assert vm.stop().wait(timeout=10).power_state == "halted"
            assert vm.resize(vcpus=3, memory_bytes=2**31).wait(timeout=10).memory_bytes == 2**31
            [image] = xml.image.images.get_by_name_label("Debian 12 with a disk")
            made = xml.compute.vms.create("made", image=image).wait(timeout=10)
            assert made.delete().wait(timeout=10) is None
            assert not json.storage.volumes.get_all(vms=made.ref).all()
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


def test_an_unknown_path_is_malformed_xml(xapi: Xapi) -> None:
    """A server without /jsonrpc answers like this (ocaml/libs/http-lib/http_svr.ml: the longest prefix is /)."""
    connection = http.client.HTTPConnection("127.0.0.1", xapi.port, timeout=10)
    connection.request("POST", "/absent", b'{"jsonrpc":"2.0","method":"system.listMethods","params":[],"id":1}')
    assert connection.getresponse().status == 500
    connection.close()


def test_a_server_in_trouble_is_not_one_without_json(xapi: Xapi) -> None:
    """After the login, a reply that is not JSON is an error, and no reason to use XML-RPC."""
    with (
        FaultyProxy(("127.0.0.1", xapi.port)) as proxy,
        connect(xapi, f"xenapi+http://root@127.0.0.1:{proxy.port}") as provider,
    ):
        assert provider.about
        proxy.next(server_error())
        with pytest.raises(hvlib.ProtocolError, match="500"):
            provider.compute.vms.get_all().all()
        paths: set[str] = set()
        proxy.next(Delay(0), when=lambda request: paths.add(request.path) is not None, times=1000)
        assert len(provider.compute.vms.get_all().all()) == 10
        assert paths == {"/jsonrpc"}


def test_removing_tasks_does_not_delay_an_action(xapi: Xapi) -> None:
    """However many tasks have ended: the first removal without an answer soon ends it, and the action continues."""
    with (
        FaultyProxy(("127.0.0.1", xapi.port), named_by=json_method) as proxy,
        connect(xapi, f"xenapi+http://root@127.0.0.1:{proxy.port}") as provider,
    ):
        running = provider.compute.vms.get_all(power_state="running").all()
        hvlib.wait_all([vm.stop() for vm in running], timeout=10)
        proxy.next(FreezeBefore(), when=named("task.destroy"), times=1000)
        begun = time.monotonic()
        assert running[0].start().wait(timeout=10).power_state == "running"
        assert time.monotonic() - begun < 2 * TASK_REMOVAL_TIMEOUT


def test_threads_share_the_ended_tasks(xapi: Xapi) -> None:
    """Each task is removed once, by one of the threads."""
    xapi.set(task_time=0.0)
    before = xapi.leftovers()["tasks"]
    with connect(xapi, xapi.url) as provider, ThreadPoolExecutor(8) as pool:
        vms = provider.compute.vms.get_all(power_state=["running", "halted"]).all()

        def toggle(vm: hvlib.VM) -> None:
            for _ in range(5):
                vm = (vm.stop() if vm.power_state == "running" else vm.start()).wait(timeout=10)

        for _ in pool.map(toggle, vms):
            pass
        assert xapi.calls()["task.destroy"] <= 5 * len(vms)
    assert xapi.leftovers()["tasks"] == before


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
