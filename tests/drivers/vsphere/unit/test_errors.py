from __future__ import annotations

import pytest
from hvlib_vsphere.data_objects import Fault, MoRef
from hvlib_vsphere.errors import FAULTS, failure, fault_error

from hvlib import errors
from hvlib.driver import SessionLost


def test_a_missing_view_or_collector_is_a_lost_session() -> None:
    for type_name in ("ContainerView", "PropertyCollector"):
        assert type(fault_error(Fault("ManagedObjectNotFound", "", {"obj": MoRef(type_name, "1")}))) is SessionLost
    missing = fault_error(Fault("ManagedObjectNotFound", "", {"obj": MoRef("VirtualMachine", "vm-1")}))
    assert type(missing) is errors.NotFound


def test_unknown_faults() -> None:
    assert type(fault_error(Fault("BrandNewFault", "oh", {}))) is errors.TaskFailed
    assert type(fault_error(Fault("", "Unsupported version URI", {}))) is errors.ProtocolError


def test_why_a_task_failed() -> None:
    reason = failure(
        {"fault": {"xsi:type": "InvalidPowerState", "existingState": "poweredOn"}, "localizedMessage": "It is on"}
    )
    assert reason is not None
    assert (reason.error, reason.message) == ("InvalidState", "It is on")
    assert reason.native == {
        "type": "InvalidPowerState",
        "message": "It is on",
        "detail": {"existingState": "poweredOn"},
    }
    assert failure(None) is None


@pytest.mark.parametrize("message", ["", "*types.InvalidPowerState"])
def test_a_fault_without_a_message_is_described_by_its_data(message: str) -> None:
    fault = Fault("InvalidPowerState", message, {"existingState": "poweredOn", "cause": {}})
    assert str(fault_error(fault)) == "InvalidPowerState existingState=poweredOn"


def test_every_fault_of_the_table_is_one_of_the_api() -> None:
    from pyVmomi import vim, vmodl

    spaces = (vim.fault, vmodl.fault, vmodl.query)
    unknown = [name for name in FAULTS if not any(_has(space, name) for space in spaces)]
    assert unknown == []


def _has(space: object, name: str) -> bool:
    try:
        getattr(space, name)
    except AttributeError:
        return False
    return True
