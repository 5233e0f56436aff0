"""Everything that hvlib raises.

::

    HvlibError
      ConnectionFailed            the server can't be reached, or the connection broke
        ConnectionTimeout         ... the server did not answer in time
      AuthenticationFailed        wrong user or password
      PermissionDenied            logged in, but not allowed to
      NotFound                    no such object
      AmbiguousName               several objects have this name
      InvalidState                the object's state does not allow it
      InvalidQuery                a field, filter or option that does not exist
      Conflict                    somebody else changed the object, or holds it
      Unsupported                 this server or driver can't do it
      QuotaExceeded               a limit set by the administrator
      RateLimited                 too many requests
      ProtocolError               a reply that can't be understood
        DriverBug                 ... the driver raised an error that is not hvlib's
      PartialResult               part of the answer arrived; the rest can't be read
      CursorLost                  a watch or listing can't continue from this cursor or token
      ConcurrentWatch             a second thread waits on one watch
      FieldNotLoaded              the record was read without this field
      TaskFailed                  the operation failed, and no class above names the reason
      TaskCancelled               the operation was cancelled
      WaitTimeout                 (also a TimeoutError) the wait reached its time-out; nothing failed
        TaskTimeout               ... the task still runs and can be waited for again
      Closed                      the provider was closed
      ConfigError                 hvlib.yaml or an address can't be used
        DriverNotFound            no driver for this address is installed
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hvlib.model.binding import BoundProvider

__all__ = [
    "AmbiguousName",
    "AuthenticationFailed",
    "Closed",
    "ConcurrentWatch",
    "ConfigError",
    "Conflict",
    "ConnectionFailed",
    "ConnectionTimeout",
    "CursorLost",
    "DriverBug",
    "DriverNotFound",
    "FieldNotLoaded",
    "HvlibError",
    "InvalidQuery",
    "InvalidState",
    "NotFound",
    "PartialResult",
    "PermissionDenied",
    "ProtocolError",
    "QuotaExceeded",
    "RateLimited",
    "TaskCancelled",
    "TaskFailed",
    "TaskTimeout",
    "Unsupported",
    "WaitTimeout",
]


class HvlibError(Exception):
    """The base of every error that hvlib raises.

    | provider: the provider where it happened
    | ref: the ref of the object that it is about
    | task: the ref of the task that it is about
    | request_id: the server's identifier of the request
    | hint: what to do about the error
    | left: the refs of the objects that a failed task made and could not remove

    Each is None (``left``: empty) where there is no value.
    """

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        native: object = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message)
        self.hint = hint
        self.request_id = request_id
        self.provider: BoundProvider | None = None
        self.ref: Any = None
        self.task: Any = None
        self.left: Sequence[Any] = ()
        self._native = native

    @property
    def native(self) -> Any:
        """The server's or the SDK's own error; if none was given, the exception that this one was raised from."""
        return self._native if self._native is not None else self.__cause__


class ConnectionFailed(HvlibError):
    """The server can't be reached, or the connection broke."""


class ConnectionTimeout(ConnectionFailed):
    """The server did not answer in time."""


class AuthenticationFailed(HvlibError):
    """The server refuses this user and password."""


class PermissionDenied(HvlibError):
    """The user may not do or see this."""


class NotFound(HvlibError):
    """The object does not exist, or does not exist any more."""


class AmbiguousName(HvlibError):
    """Several objects have this name: ``candidates`` holds them."""

    def __init__(self, message: str, *, candidates: Sequence[Any], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.candidates = candidates


class InvalidState(HvlibError):
    """The object's state does not allow this: for example, it runs already."""


class InvalidQuery(HvlibError):
    """A field, filter or option that does not exist, or a value that it can't have."""


class Conflict(HvlibError):
    """Somebody else changed the object, or holds it."""


class Unsupported(HvlibError):
    """The driver or the server can't do this. Nothing was sent."""


class QuotaExceeded(HvlibError):
    """The call exceeds a limit that the administrator set."""


class RateLimited(HvlibError):
    """Too many requests. ``retry_after``: the seconds that the server asks to wait; None if it names no time."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, native: object = None, request_id: str | None = None
    ) -> None:
        super().__init__(message, native=native, request_id=request_id)
        self.retry_after = retry_after


class ProtocolError(HvlibError):
    """The server's reply can't be understood, or is incomplete."""


class DriverBug(ProtocolError):
    """A driver raised an error that is not hvlib's: a fault of the driver. ``native`` is that error."""


class PartialResult(HvlibError):
    """Part of the answer arrived, and the rest can't be read.

    | records: what arrived, where the call that failed would have returned it; an iteration has given it already
    | refs: the objects that can't be read, as far as they are known
    """

    def __init__(
        self,
        message: str,
        *,
        records: Sequence[Any] = (),
        refs: Sequence[Any] = (),
        native: object = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, native=native, hint=hint)
        self.records = records
        self.refs = refs


class CursorLost(HvlibError):
    """A watch can't continue from its cursor, or a listing from its page token.

    Start again. Give a new watch ``known=`` where deletions matter.
    """


class ConcurrentWatch(HvlibError):
    """Another thread is already waiting on this watch."""


class FieldNotLoaded(HvlibError):
    """The record was read without this field. Ask for it in ``fields=``, or call ``refresh()``."""


class TaskFailed(HvlibError):
    """The operation failed for a reason that no other class names."""


class TaskCancelled(HvlibError):
    """The operation was cancelled before it ended."""


class WaitTimeout(HvlibError, TimeoutError):
    """The wait reached its time-out. Nothing failed: wait again, or longer."""


class TaskTimeout(WaitTimeout):
    """The wait for a task reached its time-out. The task still runs, and can be waited for again."""


class Closed(HvlibError):
    """The provider was closed."""


class ConfigError(HvlibError):
    """hvlib.yaml, an environment variable or an address can't be used as it is."""


class DriverNotFound(ConfigError):
    """No driver for this address is installed; the message says what to install."""
