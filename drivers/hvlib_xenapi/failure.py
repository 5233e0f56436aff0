"""Failure: what XenAPI refuses, in its own words, and as an error of hvlib."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hvlib import errors
from hvlib.driver import SessionLost
from hvlib.errors import HvlibError
from hvlib.resources import Failure

__all__ = ["CODES", "failure", "failure_error", "is_code"]

CODES: Mapping[str, type[HvlibError]] = {
    code: error
    for error, codes in {
        SessionLost: "SESSION_INVALID HOST_IS_SLAVE",
        errors.AuthenticationFailed: "SESSION_AUTHENTICATION_FAILED USER_IS_NOT_LOCAL_SUPERUSER AUTH_IS_DISABLED"
        " AUTH_SERVICE_ERROR SESSION_NOT_REGISTERED",
        errors.PermissionDenied: "RBAC_PERMISSION_DENIED PERMISSION_DENIED LICENCE_RESTRICTION FEATURE_REQUIRED"
        " LICENSE_EXPIRED LICENSE_DOES_NOT_SUPPORT_POOLING HOST_DISABLED_UNTIL_REBOOT",
        errors.NotFound: "HANDLE_INVALID UUID_INVALID VM_NO_VCPUS_PER_GUEST HOST_NOT_FOUND_IN_POOL",
        errors.InvalidState: "VM_BAD_POWER_STATE VM_IS_TEMPLATE VM_IS_SNAPSHOT OPERATION_NOT_ALLOWED"
        " VM_MISSING_PV_DRIVERS VM_LACKS_FEATURE VM_LACKS_FEATURE_SHUTDOWN VM_LACKS_FEATURE_SUSPEND"
        " VM_OLD_PV_DRIVERS HOST_NOT_LIVE HOST_OFFLINE HOST_DISABLED HOST_IN_EMERGENCY_MODE HOST_STILL_BOOTING"
        " VDI_IN_USE VM_BAD_RESUME DEVICE_ALREADY_ATTACHED DEVICE_ALREADY_DETACHED DEVICE_DETACH_REJECTED"
        " DEVICE_DETACH_TIMEOUT DEVICE_NOT_ATTACHED SR_NOT_ATTACHED VM_NOT_RESIDENT_HERE",
        errors.Conflict: "OTHER_OPERATION_IN_PROGRESS VM_DUPLICATE_VBD_DEVICE DUPLICATE_VM MAC_STILL_EXISTS"
        " NETWORK_CONTAINS_VIF NETWORK_CONTAINS_PIF VDI_ALREADY_ATTACHED DEVICE_ALREADY_EXISTS"
        " VALUE_NOT_SUPPORTED_UNIQUE UNIQUENESS_CONSTRAINT_VIOLATION SR_HAS_PBD",
        errors.InvalidQuery: "VALUE_NOT_SUPPORTED INVALID_VALUE MESSAGE_PARAMETER_COUNT_MISMATCH FIELD_TYPE_ERROR"
        " MAP_DUPLICATE_KEY INVALID_DEVICE MEMORY_CONSTRAINT_VIOLATION",
        errors.Unsupported: "MESSAGE_METHOD_UNKNOWN MESSAGE_REMOVED MESSAGE_DEPRECATED NOT_IMPLEMENTED"
        " SR_OPERATION_NOT_SUPPORTED",
        errors.QuotaExceeded: "HOST_NOT_ENOUGH_FREE_MEMORY HOST_NOT_ENOUGH_PCPUS SR_FULL DISK_VBD_LIMIT_REACHED"
        " NO_HOSTS_AVAILABLE VDI_LIMIT_REACHED",
        errors.TaskCancelled: "TASK_CANCELLED",
        errors.CursorLost: "EVENT_FROM_TOKEN_PARSE_FAILURE EVENTS_LOST",
    }.items()
    for code in codes.split()
}
"""The error of each code. A code that is not here is a `TaskFailed`: the server refused, and no class says more."""


def failure_error(words: Sequence[str]) -> HvlibError:
    """What an ErrorDescription is to the caller."""
    return _error_class(words)(_sentence(words), native=list(words))


def failure(words: Sequence[str]) -> Failure:
    """An error_info that a task ended with, as data."""
    return Failure(_error_class(words).__name__, _sentence(words), list(words))


def is_code(error: HvlibError, code: str) -> bool:
    """Whether the server refused with this code."""
    return isinstance(error.native, list) and bool(error.native) and error.native[0] == code


def _error_class(words: Sequence[str]) -> type[HvlibError]:
    if words and words[0] == "HANDLE_INVALID" and words[1:2] == ["session"]:
        return SessionLost
    return CODES.get(words[0] if words else "", errors.TaskFailed)


def _sentence(words: Sequence[str]) -> str:
    return " ".join(words) or "no reason given"
