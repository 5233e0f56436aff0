"""A reply that is cut off at any byte, or whose document is, is never taken for a different complete reply."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from drivers.grove.faults import GroveTarget
from drivers.openstack.faults import OpenStackTarget
from drivers.vsphere.faults import VSphereTarget
from drivers.xenapi.faults import XenAPITarget
from faults.expected import RECOVERS, expected
from faults.over_http import HttpTarget
from servers.faulty_fault import Drop, Fault, Truncate
from servers.faulty_proxy import named

import hvlib
from hvlib.runtime.retry import RetryPolicy

CUTS = [*range(0, 300, 4), *range(300, 2000, 97)]


@pytest.fixture(
    scope="module", params=[GroveTarget, OpenStackTarget, VSphereTarget, XenAPITarget], ids=lambda target: target.name
)
def target(request: pytest.FixtureRequest) -> Iterator[HttpTarget]:
    target = request.param()
    yield target
    target.close()


@pytest.fixture
def find(target: HttpTarget) -> Iterator[Callable[[Fault, str], str]]:
    """Run a lookup whose decisive reply meets a fault, and return the outcome."""
    retry = RetryPolicy(backoff=lambda attempt, error: 0.0)
    with target.connect() as admin, target.connect_through(target.proxy.port, retry=retry) as provider:
        vm = admin.compute.vms.get_all().first()
        assert vm is not None

        def find(fault: Fault, request: str) -> str:
            planned = target.proxy.next(fault, when=named(request))
            try:
                assert provider.compute.vms.get_by_uuid(vm.uuid) == vm
            except hvlib.HvlibError as error:
                return type(error).__name__
            finally:
                assert planned.struck.is_set(), "no request met the fault"
            return RECOVERS

        yield find


def last_request(target: HttpTarget) -> str:
    """Return the name of the request whose reply has the object itself."""
    return {"vsphere": "RetrievePropertiesEx"}.get(target.name, target.decisive["by uuid"][0])


def test_a_reply_cut_at_any_byte(target: HttpTarget, find: Callable[[Fault, str], str]) -> None:
    request = last_request(target)
    allowed = {RECOVERS, expected(target.name, "cut in head", "by uuid")}
    assert {find(Drop(at), request) for at in CUTS} <= allowed


def test_a_document_cut_anywhere(target: HttpTarget, find: Callable[[Fault, str], str]) -> None:
    request = last_request(target)
    assert {find(Truncate(percent / 100), request) for percent in range(100)} == {"ProtocolError"}
