"""The table of error codes, and the codes of the published datamodel that are left to the base class."""

from __future__ import annotations

import pytest
from drivers.xapi_simulator.clients.datamodel import Datamodel
from hvlib_xenapi.errors import CODES, failure, failure_error

import hvlib
from hvlib.driver import SessionLost

OTHER_OPERATIONS = "from an operation that no action of hvlib uses: only provider.native can raise it"
INTERNAL_FAILURES = "the server failed inside an operation: its words say more than an error class would"

LEFT_TO_THE_BASE_CLASS = {
    OTHER_OPERATIONS: "CANNOT_PLUG_BOND_SLAVE CLUSTERING_DISABLED CLUSTERING_ENABLED CLUSTER_DOES_NOT_HAVE_ONE_NODE"
    " CLUSTER_FORCE_DESTROY_FAILED CLUSTER_HOST_IS_LAST CLUSTER_STACK_IN_USE INVALID_CLUSTER_STACK IS_TUNNEL_ACCESS_PIF"
    " JOINING_HOST_CANNOT_CONTAIN_SHARED_SRS LICENSE_PROCESSING_ERROR NETWORK_INCOMPATIBLE_PURPOSES"
    " NO_CLUSTER_HOSTS_REACHABLE OPENVSWITCH_NOT_ACTIVE PIF_ALLOWS_UNPLUG PIF_DOES_NOT_ALLOW_UNPLUG"
    " PIF_HAS_FCOE_SR_IN_USE PIF_HAS_NO_NETWORK_CONFIGURATION PIF_HAS_NO_V6_NETWORK_CONFIGURATION"
    " PIF_INCOMPATIBLE_PRIMARY_ADDRESS_TYPE PIF_IS_PHYSICAL PIF_TUNNEL_STILL_EXISTS PVS_SITE_CONTAINS_RUNNING_PROXIES"
    " PVS_SITE_CONTAINS_SERVERS TRANSPORT_PIF_NOT_CONFIGURED VDI_NOT_SPARSE VDI_NO_CBT_METADATA",
    INTERNAL_FAILURES: "BOOTLOADER_FAILED CANNOT_CONTACT_HOST INTERNAL_ERROR OPERATION_PARTIALLY_FAILED"
    " VM_CHECKPOINT_RESUME_FAILED VM_CHECKPOINT_SUSPEND_FAILED VM_REVERT_FAILED VM_SNAPSHOT_WITH_QUIESCE_FAILED"
    " VM_SNAPSHOT_WITH_QUIESCE_PLUGIN_DEOS_NOT_RESPOND VM_SNAPSHOT_WITH_QUIESCE_TIMEOUT",
}


def test_all_other_codes_are_in_the_table(datamodel: Datamodel) -> None:
    codes = {error for model in datamodel.values() for message in model["messages"] for error in named(message)}
    left = {code for codes in LEFT_TO_THE_BASE_CLASS.values() for code in codes.split()}
    assert codes - CODES.keys() == left


def named(message: dict[str, list[dict[str, str]]]) -> list[str]:
    return [error["name"] for error in message["errors"]]


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (["VM_BAD_POWER_STATE", "OpaqueRef:1", "halted", "running"], hvlib.InvalidState),
        (["HANDLE_INVALID", "VM", "OpaqueRef:1"], hvlib.NotFound),
        (["HANDLE_INVALID", "session", "OpaqueRef:1"], SessionLost),
        (["TOO_MANY_PENDING_TASKS"], hvlib.RateLimited),
        (["SOMETHING_NEW", "1"], hvlib.TaskFailed),
        ([], hvlib.TaskFailed),
    ],
)
def test_an_error_has_the_servers_words(words: list[str], kind: type[hvlib.HvlibError]) -> None:
    error = failure_error(words)
    assert type(error) is kind
    expected = words[:2] if kind is SessionLost else words
    assert error.native == expected
    assert str(error).startswith(" ".join(expected) or "no reason given")
    assert failure(words).error == kind.__name__


@pytest.mark.parametrize("words", [["SESSION_INVALID", "OpaqueRef:1"], ["HANDLE_INVALID", "session", "OpaqueRef:1"]])
def test_a_sessions_reference_is_in_no_message(words: list[str]) -> None:
    error = failure_error(words)
    assert "OpaqueRef:1" not in f"{error} {error!r} {error.native} {failure(words)}"
