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
"""The error class for each type of fault. A fault that is not listed is a `TaskFailed`: the server refused, and no
other class fits."""

STATUSES: Mapping[int, type[HvlibError]] = {401: errors.AuthenticationFailed, 403: errors.PermissionDenied}
"""The errors for HTTP statuses that the API itself does not use: a proxy on the way has answered."""

SESSION_OBJECT_TYPES = frozenset({"ContainerView", "ListView", "PropertyCollector", "PropertyFilter"})
"""Types of objects that exist as long as the session that created them: if one is not found, the session is lost."""


def fault_error(fault: Fault) -> HvlibError:
    """The error for a SOAP fault."""
    if not fault.type:
        return ProtocolError(f"the server did not understand the request: {fault.message}", native=fault.plain())
    return _error_class(fault)(fault.words, native=fault.plain())


def check_session(row: Row) -> None:
    """Raise `SessionLost` if properties are missing because the session is lost: the server then sends no values."""
    for fault in row.missing.values():
        error = fault_error(fault)
        if isinstance(error, SessionLost):
            raise error


def failure(value: object) -> Failure | None:
    """The failure of a task, from the LocalizedMethodFault that it ended with; None without one."""
    if value is None:
        return None
    fault = Fault.of_localized(value)
    return Failure(_error_class(fault).__name__, fault.words or "no reason given", fault.plain())


def not_found(fault: Fault) -> bool:
    """Whether the fault says that an object, not necessarily the requested one, does not exist."""
    return fault.type.removesuffix("Fault") == "ManagedObjectNotFound"


def _error_class(fault: Fault) -> type[HvlibError]:
    missing = fault.detail.get("obj")
    if not_found(fault) and isinstance(missing, MoRef) and missing.type in SESSION_OBJECT_TYPES:
        return SessionLost
    # A fault's element is named by its type and the suffix "Fault"; some servers add the suffix to the type too.
    return FAULTS.get(fault.type) or FAULTS.get(fault.type.removesuffix("Fault"), errors.TaskFailed)
