"""The stages of docs/writing-a-driver.md that are not in the finished driver."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from uuid import uuid4

import pytest
from drivers.grove.site import GroveSite
from drivers.grove.stages.changes import ChangesDriver, Place
from drivers.grove.stages.least import GroveDriver
from servers.grove import Grove

import hvlib
from hvlib.api import registry
from hvlib.conformance import Site
from hvlib.conformance.mirroring import MirroringConformance
from hvlib.conformance.resuming import ResumingConformance
from hvlib.conformance.watching import WatchingConformance
from hvlib.driver import Driver
from hvlib.driver.cursor import encode_cursor


@pytest.fixture
def use_driver(monkeypatch: pytest.MonkeyPatch) -> Callable[[Driver], None]:
    return lambda driver: monkeypatch.setattr(registry, "load", lambda name: driver)


def test_the_minimal_driver_lists(server: Grove, use_driver: Callable[[Driver], None]) -> None:
    use_driver(GroveDriver())
    with hvlib.connect(server.url, password=server.password) as provider:
        assert provider.about.product == "Grove"
        vms = provider.compute.vms.get_all(page_size=6).all()
        truth = {id: vm for id, vm in server.objects("vms").items() if not vm["template"]}
        assert {vm.ref.id: (vm.name_label, vm.vcpus) for vm in vms} == {
            id: (vm["name"], vm["cores"]) for id, vm in truth.items()
        }
        server.expire_sessions()
        assert provider.compute.vms.get_all(vcpus=2).count() == sum(vm["cores"] == 2 for vm in truth.values())
        with pytest.raises(hvlib.Unsupported):
            vms[0].refresh()
    with hvlib.connect(server.url, password="wrong") as provider, pytest.raises(hvlib.AuthenticationFailed):
        provider.compute.vms.get_all().all()
    assert server.sessions() == 0


def test_a_vm_made_and_changed_since_a_cursor_is_added(server: Grove, use_driver: Callable[[Driver], None]) -> None:
    use_driver(ChangesDriver())
    with hvlib.connect(server.url, password=server.password, poll_interval=0.05) as provider:
        vms = provider.compute.vms
        with vms.watch() as watch:
            assert any(event.type == "SYNCED" for event in watch)
            with suppress(hvlib.WaitTimeout):  # The cursor moves when the next event is asked for.
                watch.next(timeout=0.2)
            cursor = watch.cursor
        id = server.add_vm("made")
        server.rename(id, "renamed")
        with vms.watch(since=cursor) as watch:
            event = next(event for event in watch if event.type != "SYNCED")
        assert (event.type, event.resource and event.resource.name_label) == ("ADDED", "renamed")
        server.remove(id)


def test_a_cursor_of_another_server_is_lost_although_its_number_is_in_the_log(
    server: Grove, use_driver: Callable[[Driver], None]
) -> None:
    use_driver(ChangesDriver())
    with hvlib.connect(server.url, password=server.password, poll_interval=0.05) as provider:
        place = Place(provider.about.uuid, provider.native.call("GET", "changes")["last"])
        id = server.add_vm("made")
        with provider.compute.vms.watch(since=encode_cursor(place)) as watch:
            assert next(watch).type == "ADDED"
        elsewhere = Place(str(uuid4()), place.number)
        with provider.compute.vms.watch(since=encode_cursor(elsewhere)) as watch, pytest.raises(hvlib.CursorLost):
            next(watch)
        server.remove(id)


class ChangesSite(GroveSite):
    unverified = {"idle watch": "the server tells nothing: it is asked again and again"}

    def lose_cursors(self) -> None:
        self.server.forget_changes()


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch, Grove() as server:
        patch.setattr(registry, "load", lambda name: ChangesDriver())
        yield ChangesSite(server)


class TestChanges(WatchingConformance, ResumingConformance, MirroringConformance):
    pass
