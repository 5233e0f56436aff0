"""Errors: vSphere's faults as errors of hvlib."""

from __future__ import annotations

from collections.abc import Mapping

from hvlib.driver import SessionLost, error_codes
from hvlib.model import errors
from hvlib.model.errors import HvlibError, ProtocolError
from hvlib.model.task import Failure
from hvlib_vsphere.data_objects import Fault, MoRef, Row

__all__ = ["STATUSES", "check_session", "failure", "fault_error", "not_found"]

FAULTS = error_codes(
    {
        errors.AuthenticationFailed: "InvalidLogin InvalidClientCertificate PasswordExpired NoClientCertificate",
        SessionLost: "NotAuthenticated",
        errors.PermissionDenied: "NoPermission RestrictedVersion RestrictedByAdministrator NotEnoughLicenses"
        " InvalidLicense SecurityError",
        errors.NotFound: "ManagedObjectNotFound NotFound FileNotFound",
        errors.InvalidState: "InvalidState InvalidPowerState InvalidVmState InvalidHostState InvalidHostConnectionState"
        " InvalidDatastoreState ToolsUnavailable VAppNotRunning HostNotConnected HostNotReachable QuestionPending"
        " GuestOperationsUnavailable CannotPowerOffVmInCluster VmPowerOnDisabled NoActiveHostInCluster"
        " HostAccessRestrictedToManagementServer DisallowedOperationOnFailoverHost",
        errors.Conflict: "DuplicateName AlreadyExists FileAlreadyExists TaskInProgress ConcurrentAccess FileLocked"
        " ResourceInUse AlreadyBeingManaged",
        errors.InvalidQuery: "InvalidArgument InvalidName InvalidProperty InvalidType InvalidRequest InvalidFolder"
        " InvalidDatastore InvalidDatastorePath InvalidIndexArgument FileNameTooLong",
        errors.CursorLost: "InvalidCollectorVersion",
        errors.Unsupported: "NotSupported NotImplemented MethodNotFound",
        errors.QuotaExceeded: "LimitExceeded",
        errors.TaskCancelled: "RequestCanceled",
    }
)
"""The error of each fault, by the fault's type. A fault that is not here is a `TaskFailed`: the server refused, and no
class says more."""

STATUSES: Mapping[int, type[HvlibError]] = {401: errors.AuthenticationFailed, 403: errors.PermissionDenied}
"""The errors of the HTTP statuses that the API itself does not use: something on the way has answered."""

OF_A_SESSION = frozenset({"ContainerView", "ListView", "PropertyCollector", "PropertyFilter"})
"""Objects that live and die with the session that created them: if one is not found, its session is gone."""


def fault_error(fault: Fault) -> HvlibError:
    """The error that a SOAP fault is to the caller."""
    if not fault.type:
        return ProtocolError(f"the server did not understand the request: {fault.message}", native=fault.plain())
    return _error_class(fault)(fault.words, native=fault.plain())


def check_session(row: Row) -> None:
    """Raise `SessionLost` if that is why properties are missing: a lost session answers without values."""
    for fault in row.missing.values():
        error = fault_error(fault)
        if isinstance(error, SessionLost):
            raise error


def failure(value: object) -> Failure | None:
    """A LocalizedMethodFault that a task ended with, as data."""
    if value is None:
        return None
    fault = Fault.of_localized(value)
    return Failure(_error_class(fault).__name__, fault.words or "no reason given", fault.plain())


def not_found(fault: Fault) -> bool:
    """Whether some object, not necessarily the one asked for, does not exist."""
    return fault.type.removesuffix("Fault") == "ManagedObjectNotFound"


def _error_class(fault: Fault) -> type[HvlibError]:
    missing = fault.detail.get("obj")
    if not_found(fault) and isinstance(missing, MoRef) and missing.type in OF_A_SESSION:
        return SessionLost
    # The element of a fault is its type with "Fault" behind it; some servers call the type so too.
    return FAULTS.get(fault.type) or FAULTS.get(fault.type.removesuffix("Fault"), errors.TaskFailed)
