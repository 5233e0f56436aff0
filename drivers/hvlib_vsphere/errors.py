"""What vSphere's faults, HTTP answers and broken connections are as errors of hvlib."""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import urllib3
from urllib3 import exceptions as native

from hvlib import errors
from hvlib.driver import NotSent, SessionLost, Unavailable
from hvlib.errors import ConfigError, ConnectionFailed, ConnectionTimeout, HvlibError, ProtocolError, RateLimited
from hvlib.resources import Failure
from hvlib_vsphere.soap import Fault, MoRef

__all__ = ["connection_errors", "failure", "fault_error", "not_found", "status_error"]

FAULTS: Mapping[str, type[HvlibError]] = {
    fault: error
    for error, faults in {
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
    }.items()
    for fault in faults.split()
}
"""The error of each fault, by the fault's type. A fault that is not here is a `TaskFailed`: the server refused, and no
class says more."""

OF_A_SESSION = frozenset({"ContainerView", "ListView", "PropertyCollector", "PropertyFilter"})
"""Objects that live and die with the session that created them: if one is not found, its session is gone."""


def fault_error(fault: Fault) -> HvlibError:
    """What a SOAP fault is to the caller."""
    if not fault.type:
        return ProtocolError(f"the server did not understand the request: {fault.message}", native=fault.plain())
    return _error_class(fault)(fault.words, native=fault.plain())


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


def status_error(response: urllib3.BaseHTTPResponse) -> HvlibError:
    """What an HTTP status other than the API's own 200 and 500 says."""
    status = response.status
    message = f"the server answered HTTP {status} {response.reason or ''}".rstrip()
    pause = _retry_after(response.headers.get("Retry-After"))
    if status == 429:
        return RateLimited(message, retry_after=pause)
    if status in (502, 503, 504):
        return Unavailable(message, retry_after=pause)
    if status == 401:
        return errors.AuthenticationFailed(message)
    if status == 403:
        return errors.PermissionDenied(message)
    return ProtocolError(message, hint="is this the address of a vCenter or an ESXi host?")


def _retry_after(value: str | None) -> float | None:
    """Seconds, from a number of them or a date; None if it is neither."""
    if value is None:
        return None
    if value.strip().isdigit():
        return float(value)
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max((moment - datetime.now(UTC)).total_seconds(), 0.0)


@contextmanager
def connection_errors(server: str) -> Iterator[None]:
    """Raise what goes wrong on the way to ``server`` and back as errors of hvlib."""
    try:
        yield
    except native.HTTPError as error:
        raise _connection_error(error, server) from error
    except TimeoutError as error:
        raise _timed_out(server) from error
    except (OSError, ValueError) as error:
        raise ConnectionFailed(f"the connection to {server} broke: {error}") from error


def _connection_error(error: native.HTTPError, server: str) -> HvlibError:
    reason = error.args[0] if error.args else error
    if isinstance(error, native.LocationValueError):
        return ConfigError(f"{server} is no address: {error}", hint="an address reads vsphere://USER@HOST:PORT")
    if isinstance(reason, ssl.SSLCertVerificationError):
        return ConnectionFailed(
            f"the certificate of {server} is not trusted: {reason.verify_message}",
            hint="trust its authority: --cacert FILE or cacert=; or do not verify at all: --insecure or verify=False",
        )
    if isinstance(error, native.NewConnectionError):
        return NotSent(f"{server} can't be reached: {_cause(error)}", hint="is the address right, and its port open?")
    timed_out = any(isinstance(part, TimeoutError) for part in error.args)  # While it was sent.
    if timed_out or isinstance(error, (native.ConnectTimeoutError, native.ReadTimeoutError)):
        return _timed_out(server)
    return ConnectionFailed(f"the connection to {server} broke: {error}")


def _timed_out(server: str) -> ConnectionTimeout:
    return ConnectionTimeout(
        f"{server} did not answer in time",
        hint="is the address right, and its port open? A slow server needs more time: --timeout or timeout=",
    )


def _cause(error: native.NewConnectionError) -> str:
    """What the system said, without urllib3's description of its own object."""
    return str(error.__cause__ or error).rpartition("]")[2].strip() or str(error)
